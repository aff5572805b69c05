/* SPDX-License-Identifier: MIT
 *
 * test_lock.c: the contract of lock.h; one body, built once for each kind of lock. The kinds that never sleep
 * get fewer threads and a time box, for they collapse when threads outnumber cores, as they must. */
/* flavours: fine-pthread fine fine-fas fine-ticket fine-mcs */
#include "expect.h"
#include "threads.h"

#include "lock.h"

#include <errno.h>

enum {
  SPINS_FOR_EVER =
      GILLOC_LOCK == GILLOC_LOCK_FAS || GILLOC_LOCK == GILLOC_LOCK_TICKET || GILLOC_LOCK == GILLOC_LOCK_MCS,
  ROUNDS = GILLOC_TSAN ? 5000 : 50000
};

static struct gilloc_lock lock;
static unsigned long counter; /* under the lock */
static _Atomic unsigned long performed;
static _Atomic unsigned arrived, done, held;
static uint64_t deadline;

static int begin(void **state)
{
  memset(&lock, 0, sizeof lock);
  counter = 0;
  atomic_store(&performed, 0);
  atomic_store(&arrived, 0);
  atomic_store(&done, 0);
  atomic_store(&held, 0);
  return threads_begin(state);
}

static void add_one(void)
{
  struct gilloc_lock_node node;
  gilloc_lock_acquire(&lock, &node);
  threads_count(&counter);
  gilloc_lock_release(&lock, &node);
}

static void *add_rounds(void *argument)
{
  unsigned rounds = *(const unsigned *)argument;
  for (unsigned i = 0; i < rounds; i++)
    add_one();
  return NULL;
}

static void test_lock_excludes_other_threads(void **state)
{
  (void)state;
  unsigned threads = SPINS_FOR_EVER ? 2 : 4, rounds = SPINS_FOR_EVER ? ROUNDS / 10 : ROUNDS;
  threads_run(threads, add_rounds, &rounds);
  EXPECT_EQ(counter, (unsigned long)threads * rounds);
}

static void *add_until_deadline(void *argument)
{
  unsigned rounds = *(const unsigned *)argument, i = 0;
  for (; i < rounds && (!SPINS_FOR_EVER || threads_now() < deadline); i++)
    add_one();
  atomic_fetch_add(&performed, i);
  return NULL;
}

static void test_lock_makes_progress_with_more_threads_than_cores(void **state)
{
  (void)state;
  unsigned rounds = ROUNDS / 5;
  deadline = threads_now() + threads_ms(300);
  threads_run(8, add_until_deadline, &rounds);
  EXPECT_EQ(counter, atomic_load(&performed));
  EXPECT_LE(SPINS_FOR_EVER ? 1 : 8ul * rounds, counter);
}

static void test_lock_of_zero_bytes_is_free(void **state)
{
  (void)state;
  struct gilloc_lock_node node;
  EXPECT_TRUE(gilloc_lock_try_acquire(&lock, &node));
  gilloc_lock_release(&lock, &node);
}

static void *try_to_add(void *argument)
{
  struct gilloc_lock_node node;
  bool taken = gilloc_lock_try_acquire(&lock, &node);
  if (taken)
    gilloc_lock_release(&lock, &node);
  *(bool *)argument = taken;
  return NULL;
}

static void test_try_acquire_fails_while_another_thread_holds_the_lock(void **state)
{
  (void)state;
  struct gilloc_lock_node node;
  bool taken = true;
  gilloc_lock_acquire(&lock, &node);
  threads_run(1, try_to_add, &taken);
  EXPECT_FALSE(taken);
  gilloc_lock_release(&lock, &node);
  threads_run(1, try_to_add, &taken);
  EXPECT_TRUE(taken);
}

static void test_try_acquire_excludes_like_acquire(void **state)
{
  (void)state;
  struct gilloc_lock_node first, second;
  EXPECT_TRUE(gilloc_lock_try_acquire(&lock, &first));
  EXPECT_FALSE(gilloc_lock_try_acquire(&lock, &second));
  gilloc_lock_release(&lock, &first);
  EXPECT_TRUE(gilloc_lock_try_acquire(&lock, &second));
  gilloc_lock_release(&lock, &second);
}

static void *mix_try_and_acquire(void *argument)
{
  unsigned rounds = *(const unsigned *)argument;
  struct gilloc_lock_node node;
  for (unsigned i = 0; i < rounds; i++) {
    if (!gilloc_lock_try_acquire(&lock, &node))
      gilloc_lock_acquire(&lock, &node);
    threads_count(&counter);
    gilloc_lock_release(&lock, &node);
  }
  return NULL;
}

static void test_one_node_serves_again_and_again(void **state)
{
  (void)state;
  unsigned rounds = SPINS_FOR_EVER ? ROUNDS / 10 : ROUNDS;
  threads_run(2, mix_try_and_acquire, &rounds);
  EXPECT_EQ(counter, 2ul * rounds);
}

static void test_one_node_serves_one_lock_after_another(void **state)
{
  (void)state;
  static struct gilloc_lock others[3];
  struct gilloc_lock_node node, probe;
  for (unsigned i = 0; i < 300; i++) {
    struct gilloc_lock *mine = &others[i % 3];
    gilloc_lock_acquire(mine, &node);
    EXPECT_FALSE(gilloc_lock_try_acquire(mine, &probe));
    EXPECT_TRUE(gilloc_lock_try_acquire(&others[(i + 1) % 3], &probe));
    gilloc_lock_release(&others[(i + 1) % 3], &probe);
    gilloc_lock_release(mine, &node);
  }
}

static void test_locks_may_be_released_in_any_order(void **state)
{
  (void)state;
  static struct gilloc_lock three[3];
  struct gilloc_lock_node nodes[3];
  for (unsigned i = 0; i < 3; i++)
    gilloc_lock_acquire(&three[i], &nodes[i]);
  for (unsigned i = 0; i < 3; i++)
    gilloc_lock_release(&three[i], &nodes[i]);
  for (unsigned i = 3; i-- > 0;)
    EXPECT_TRUE(gilloc_lock_try_acquire(&three[i], &nodes[i]));
  for (unsigned i = 0; i < 3; i++)
    gilloc_lock_release(&three[i], &nodes[i]);
}

static void test_reset_frees_a_held_lock(void **state)
{
  (void)state;
  struct gilloc_lock_node lost, node;
  gilloc_lock_acquire(&lock, &lost);
  gilloc_lock_reset(&lock);
  EXPECT_TRUE(gilloc_lock_try_acquire(&lock, &node));
  gilloc_lock_release(&lock, &node);
  add_one();
  EXPECT_EQ(counter, 1);
}

static void *hold_until_done(void *argument)
{
  (void)argument;
  struct gilloc_lock_node node;
  gilloc_lock_acquire(&lock, &node);
  atomic_store(&held, 1);
  threads_await(&done, 1);
  gilloc_lock_release(&lock, &node);
  return NULL;
}

static void reset_and_use(void)
{
  struct gilloc_lock_node node;
  COUNT_UNLESS(!gilloc_lock_try_acquire(&lock, &node));
  gilloc_lock_reset(&lock);
  add_one();
  COUNT_UNLESS(counter == 1);
}

static void test_child_of_a_fork_resets_a_lock_whose_holder_is_gone(void **state)
{
  (void)state;
  pthread_t holder;
  /* A pthread mutex of another thread is unlocked there, which the library never does and the sanitizer
   * minds. */
  if (GILLOC_TSAN && GILLOC_LOCK == GILLOC_LOCK_PTHREAD)
    skip();
  threads_start(&holder, hold_until_done, NULL);
  threads_await(&held, 1);
  int status = threads_fork(reset_and_use);
  atomic_store(&done, 1);
  threads_join(holder);
  EXPECT_EQ(status, 0);
}

/* As a holder whose time slice ends does: it is off the processor, and the lock stays held. */
static void *hold_off_the_processor(void *argument)
{
  struct timespec nap = {0, *(const long *)argument};
  struct gilloc_lock_node node;
  gilloc_lock_acquire(&lock, &node);
  atomic_store(&held, 1);
  nanosleep(&nap, NULL);
  counter = 100;
  gilloc_lock_release(&lock, &node);
  return NULL;
}

static void test_waiters_survive_a_holder_off_the_processor(void **state)
{
  (void)state;
  pthread_t holder, waiters[3];
  unsigned rounds = SPINS_FOR_EVER ? 5 : 100;
  long nap = 20 * THREADS_NS_PER_MS;
  threads_start(&holder, hold_off_the_processor, &nap);
  threads_await(&held, 1);
  for (unsigned i = 0; i < 3; i++)
    threads_start(&waiters[i], add_rounds, &rounds);
  threads_join(holder);
  for (unsigned i = 0; i < 3; i++)
    threads_join(waiters[i]);
  EXPECT_EQ(counter, 100 + 3ul * rounds);
}

static void test_waiter_sleeps_while_the_holder_does(void **state)
{
  (void)state;
  if (SPINS_FOR_EVER)
    skip();
  pthread_t holder;
  struct gilloc_lock_node node;
  long nap = 200 * THREADS_NS_PER_MS;
  threads_start(&holder, hold_off_the_processor, &nap);
  threads_await(&held, 1);
  uint64_t start = threads_clock(CLOCK_THREAD_CPUTIME_ID);
  errno = EDOM;
  gilloc_lock_acquire(&lock, &node);
  EXPECT_EQ(errno, EDOM);
  uint64_t burnt = threads_clock(CLOCK_THREAD_CPUTIME_ID) - start;
  gilloc_lock_release(&lock, &node);
  threads_join(holder);
  EXPECT_LE(burnt, threads_ms(20));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_lock_excludes_other_threads, begin),
      cmocka_unit_test_setup(test_lock_makes_progress_with_more_threads_than_cores, begin),
      cmocka_unit_test_setup(test_lock_of_zero_bytes_is_free, begin),
      cmocka_unit_test_setup(test_try_acquire_fails_while_another_thread_holds_the_lock, begin),
      cmocka_unit_test_setup(test_try_acquire_excludes_like_acquire, begin),
      cmocka_unit_test_setup(test_one_node_serves_again_and_again, begin),
      cmocka_unit_test_setup(test_one_node_serves_one_lock_after_another, begin),
      cmocka_unit_test_setup(test_locks_may_be_released_in_any_order, begin),
      cmocka_unit_test_setup(test_reset_frees_a_held_lock, begin),
      cmocka_unit_test_setup(test_child_of_a_fork_resets_a_lock_whose_holder_is_gone, begin),
      cmocka_unit_test_setup(test_waiters_survive_a_holder_off_the_processor, begin),
      cmocka_unit_test_setup(test_waiter_sleeps_while_the_holder_does, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
