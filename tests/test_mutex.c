/* SPDX-License-Identifier: MIT
 *
 * test_mutex.c: the one-byte mutex of gilloc/sync.h, the same in every flavour. */
/* flavours: none gil fine */
#include "expect.h"
#include "threads.h"

#include "mutex.h"
#include "platform.h"

#include <gilloc/gil.h>
#include <gilloc/sync.h>

#include <errno.h>

enum { ROUNDS = GILLOC_TSAN ? 5000 : 50000, NEIGHBOURS = 8 };

_Static_assert(sizeof(struct gilloc_mutex) == 1, "the mutex is one byte");

static struct gilloc_mutex mutex;
static unsigned long counter; /* under the mutex */
static struct gilloc_mutex neighbours[NEIGHBOURS];
static unsigned long neighbour_counters[NEIGHBOURS];
static _Atomic unsigned owned, may_unlock, stop, waiter_tid, next_index;

static int begin(void **state)
{
  memset(&mutex, 0, sizeof mutex);
  memset(neighbour_counters, 0, sizeof neighbour_counters);
  counter = 0;
  atomic_store(&owned, 0);
  atomic_store(&may_unlock, 0);
  atomic_store(&stop, 0);
  atomic_store(&waiter_tid, 0);
  atomic_store(&next_index, 0);
  return threads_begin(state);
}

static unsigned bits_of(struct gilloc_mutex *m)
{
  return __atomic_load_n(&m->bits, __ATOMIC_RELAXED);
}

/* Until a waiter has parked behind the holder. */
static void await_parked(void)
{
  while ((bits_of(&mutex) & GILLOC_MUTEX_PARKED) == 0)
    sched_yield();
}

static void test_mutex_of_zero_is_free(void **state)
{
  (void)state;
  EXPECT_TRUE(gilloc_mutex_trylock(&mutex));
  EXPECT_EQ(bits_of(&mutex), GILLOC_MUTEX_LOCKED);
  gilloc_mutex_unlock(&mutex);
  EXPECT_EQ(bits_of(&mutex), 0);
}

static void test_trylock_fails_on_a_locked_mutex(void **state)
{
  (void)state;
  gilloc_mutex_lock(&mutex);
  EXPECT_FALSE(gilloc_mutex_trylock(&mutex));
  gilloc_mutex_unlock(&mutex);
  EXPECT_TRUE(gilloc_mutex_trylock(&mutex));
  gilloc_mutex_unlock(&mutex);
}

static void *add_rounds(void *argument)
{
  (void)argument;
  for (unsigned i = 0; i < ROUNDS; i++) {
    gilloc_mutex_lock(&mutex);
    threads_count(&counter);
    gilloc_mutex_unlock(&mutex);
  }
  return NULL;
}

static void test_mutex_excludes_other_threads(void **state)
{
  (void)state;
  threads_run(8, add_rounds, NULL);
  EXPECT_EQ(counter, 8ul * ROUNDS);
  EXPECT_EQ(bits_of(&mutex), 0);
}

static void *add_by_trylock(void *argument)
{
  (void)argument;
  for (unsigned i = 0; i < ROUNDS; i++) {
    while (!gilloc_mutex_trylock(&mutex))
      sched_yield();
    threads_count(&counter);
    gilloc_mutex_unlock(&mutex);
  }
  return NULL;
}

static void test_trylock_excludes_like_lock(void **state)
{
  (void)state;
  pthread_t patient;
  threads_start(&patient, add_rounds, NULL);
  threads_run(2, add_by_trylock, NULL);
  threads_join(patient);
  EXPECT_EQ(counter, 3ul * ROUNDS);
}

static void *add_among_neighbours(void *argument)
{
  (void)argument;
  unsigned mine = atomic_fetch_add(&next_index, 1) / 2;
  for (unsigned i = 0; i < ROUNDS / 5; i++) {
    gilloc_mutex_lock(&neighbours[mine]);
    threads_count(&neighbour_counters[mine]);
    gilloc_mutex_unlock(&neighbours[mine]);
  }
  return NULL;
}

static void test_neighbouring_bytes_do_not_disturb_each_other(void **state)
{
  (void)state;
  threads_run(2 * NEIGHBOURS, add_among_neighbours, NULL);
  for (unsigned i = 0; i < NEIGHBOURS; i++) {
    EXPECT_EQ(neighbour_counters[i], 2ul * (ROUNDS / 5));
    EXPECT_EQ(bits_of(&neighbours[i]), 0);
  }
}

static void *own_until_told(void *argument)
{
  (void)argument;
  atomic_store(&waiter_tid, gilloc_thread_id());
  gilloc_mutex_lock(&mutex);
  atomic_store(&owned, 1);
  threads_await(&may_unlock, 1);
  gilloc_mutex_unlock(&mutex);
  return NULL;
}

/* It has waited over a millisecond, so the unlock itself makes it the owner: nobody can barge in between. */
static void hand_to_starved_waiter(void)
{
  pthread_t waiter;
  atomic_store(&owned, 0);
  atomic_store(&may_unlock, 0);
  gilloc_mutex_lock(&mutex);
  threads_start(&waiter, own_until_told, NULL);
  await_parked();
  threads_work(threads_ms(2));
  gilloc_mutex_unlock(&mutex);
  EXPECT_FALSE(gilloc_mutex_trylock(&mutex));
  threads_await(&owned, 1);
  EXPECT_FALSE(gilloc_mutex_trylock(&mutex));
  atomic_store(&may_unlock, 1);
  threads_join(waiter);
  EXPECT_EQ(bits_of(&mutex), 0);
}

/* Several times, for without the hand-over the waiter may still be quick enough now and then. */
static void test_starved_waiter_is_handed_the_mutex(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 20; i++)
    hand_to_starved_waiter();
}

static void *hog(void *argument)
{
  (void)argument;
  while (!atomic_load(&stop)) {
    gilloc_mutex_lock(&mutex);
    threads_count(&counter);
    gilloc_mutex_unlock(&mutex);
  }
  return NULL;
}

static void test_waiter_gets_the_mutex_from_threads_that_take_it_again_and_again(void **state)
{
  (void)state;
  pthread_t hogs[3];
  for (unsigned i = 0; i < 3; i++)
    threads_start(&hogs[i], hog, NULL);
  for (unsigned i = 0; i < 20; i++) {
    gilloc_mutex_lock(&mutex);
    gilloc_mutex_unlock(&mutex);
  }
  atomic_store(&stop, 1);
  for (unsigned i = 0; i < 3; i++)
    threads_join(hogs[i]);
}

static void *unlock_for_another(void *argument)
{
  gilloc_mutex_unlock(argument);
  return NULL;
}

static void test_any_thread_may_unlock(void **state)
{
  (void)state;
  gilloc_mutex_lock(&mutex);
  threads_run(1, unlock_for_another, &mutex);
  EXPECT_TRUE(gilloc_mutex_trylock(&mutex));
  gilloc_mutex_unlock(&mutex);
}

static void test_waiter_sleeps_while_it_waits(void **state)
{
  (void)state;
  pthread_t waiter;
  gilloc_mutex_lock(&mutex);
  threads_start(&waiter, own_until_told, NULL);
  threads_await_asleep(&waiter_tid);
  await_parked();
  atomic_store(&may_unlock, 1);
  gilloc_mutex_unlock(&mutex);
  threads_join(waiter);
}

static void *unlock_once_parked(void *argument)
{
  (void)argument;
  gilloc_mutex_lock(&mutex);
  atomic_store(&owned, 1);
  await_parked();
  gilloc_mutex_unlock(&mutex);
  return NULL;
}

static void test_lock_preserves_errno_when_it_has_to_wait(void **state)
{
  (void)state;
  pthread_t holder;
  threads_start(&holder, unlock_once_parked, NULL);
  threads_await(&owned, 1);
  errno = EDOM;
  gilloc_mutex_lock(&mutex);
  EXPECT_EQ(errno, EDOM);
  gilloc_mutex_unlock(&mutex);
  EXPECT_EQ(errno, EDOM);
  threads_join(holder);
}

static void *need_the_gil_to_unlock(void *argument)
{
  (void)argument;
  gilloc_mutex_lock(&mutex);
  atomic_store(&owned, 1);
  await_parked();
  gilloc_thread_attach();
  threads_count(&counter);
  gilloc_mutex_unlock(&mutex);
  gilloc_thread_detach();
  return NULL;
}

static void test_waiter_gives_up_the_gil_while_it_is_blocked(void **state)
{
  (void)state;
  pthread_t holder;
  threads_start(&holder, need_the_gil_to_unlock, NULL);
  threads_await(&owned, 1);
  gilloc_thread_attach();
  errno = EDOM;
  gilloc_mutex_lock(&mutex);
  EXPECT_EQ(errno, EDOM);
  EXPECT_TRUE(gilloc_gil_is_held());
  EXPECT_EQ(counter, 1);
  gilloc_mutex_unlock(&mutex);
  gilloc_thread_detach();
  threads_join(holder);
}

static void test_waiter_without_the_gil_does_not_get_it(void **state)
{
  (void)state;
  pthread_t holder;
  threads_start(&holder, unlock_once_parked, NULL);
  threads_await(&owned, 1);
  gilloc_mutex_lock(&mutex);
  EXPECT_EQ(gilloc_gil_is_held(), !GILLOC_HAS_GIL);
  gilloc_mutex_unlock(&mutex);
  threads_join(holder);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_mutex_of_zero_is_free, begin),
      cmocka_unit_test_setup(test_trylock_fails_on_a_locked_mutex, begin),
      cmocka_unit_test_setup(test_mutex_excludes_other_threads, begin),
      cmocka_unit_test_setup(test_trylock_excludes_like_lock, begin),
      cmocka_unit_test_setup(test_neighbouring_bytes_do_not_disturb_each_other, begin),
      cmocka_unit_test_setup(test_starved_waiter_is_handed_the_mutex, begin),
      cmocka_unit_test_setup(test_waiter_gets_the_mutex_from_threads_that_take_it_again_and_again, begin),
      cmocka_unit_test_setup(test_any_thread_may_unlock, begin),
      cmocka_unit_test_setup(test_waiter_sleeps_while_it_waits, begin),
      cmocka_unit_test_setup(test_lock_preserves_errno_when_it_has_to_wait, begin),
      cmocka_unit_test_setup(test_waiter_gives_up_the_gil_while_it_is_blocked, begin),
      cmocka_unit_test_setup(test_waiter_without_the_gil_does_not_get_it, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
