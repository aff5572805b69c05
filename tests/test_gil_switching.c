/* SPDX-License-Identifier: MIT
 *
 * test_gil_switching.c: the algorithm of CPython 3.2: when the GIL changes hands and when it does not. Times
 * are bounds with wide margins, or the best of several tries; what must never happen is seen in plain
 * variables that only a holder writes. */
/* flavours: gil */
#include "expect.h"
#include "threads.h"

#include <gilloc/gil.h>
#include <gilloc/gilloc.h>

#include <errno.h>

enum { ROUNDS = GILLOC_TSAN ? 20000 : 200000, TRIES_AT_LEAST = 3, TRIES = 25 };

static unsigned long counter, takeovers; /* under the GIL, no atomics */
static _Atomic unsigned asking, got, stop;
static _Atomic uint64_t waited;

static int begin(void **state)
{
  counter = takeovers = 0;
  atomic_store(&asking, 0);
  atomic_store(&got, 0);
  atomic_store(&stop, 0);
  gilloc_gil_set_interval(5000);
  return threads_begin(state);
}

static void *count_with_checkpoints(void *argument)
{
  (void)argument;
  gilloc_thread_attach();
  for (unsigned i = 0; i < ROUNDS; i++) {
    threads_count(&counter);
    gilloc_checkpoint();
  }
  gilloc_thread_detach();
  return NULL;
}

static void test_plain_counter_stays_exact_under_many_switches(void **state)
{
  (void)state;
  gilloc_gil_set_interval(20);
  threads_run(6, count_with_checkpoints, NULL);
  EXPECT_EQ(counter, 6ul * ROUNDS);
}

static void *count_in_every_way(void *argument)
{
  unsigned way = *(const unsigned *)argument;
  if (way == 0)
    gilloc_thread_attach();
  for (unsigned i = 0; i < ROUNDS / 20; i++) {
    if (way == 1)
      gilloc_gil_acquire();
    threads_count(&counter);
    if (i % 3 == 0) {
      gilloc_blocking_enter();
      gilloc_blocking_leave();
    }
    gilloc_checkpoint();
    threads_count(&counter);
    if (way == 1)
      gilloc_gil_release();
  }
  if (way == 0)
    gilloc_thread_detach();
  return NULL;
}

static void test_attached_threads_and_acquirers_exclude_each_other(void **state)
{
  (void)state;
  static const unsigned ways[4] = {0, 1, 0, 1};
  pthread_t ids[4];
  gilloc_gil_set_interval(100);
  for (unsigned i = 0; i < 4; i++)
    threads_start(&ids[i], count_in_every_way, (void *)&ways[i]);
  for (unsigned i = 0; i < 4; i++)
    threads_join(ids[i]);
  EXPECT_EQ(counter, 8ul * (ROUNDS / 20));
}

static void *take_once(void *argument)
{
  (void)argument;
  uint64_t start = threads_now();
  atomic_store(&asking, gilloc_thread_id());
  gilloc_thread_attach();
  atomic_store(&waited, threads_now() - start);
  takeovers++;
  atomic_store(&got, 1);
  gilloc_thread_detach();
  return NULL;
}

/* How long a newcomer waits for the GIL from a holder that does nothing but checkpoints. */
static uint64_t wait_behind_checkpoints(void)
{
  pthread_t waiter;
  atomic_store(&got, 0);
  gilloc_thread_attach();
  threads_start(&waiter, take_once, NULL);
  while (!atomic_load(&got))
    gilloc_checkpoint();
  gilloc_thread_detach();
  threads_join(waiter);
  return atomic_load(&waited);
}

static void expect_wait_of_about(uint64_t interval_us)
{
  uint64_t best = UINT64_MAX, bound = interval_us * 1000 * 3 + threads_ms(10);
  gilloc_gil_set_interval(interval_us);
  for (unsigned i = 0; i < TRIES && (i < TRIES_AT_LEAST || best > bound); i++) {
    uint64_t one = wait_behind_checkpoints();
    EXPECT_LE(interval_us * 1000, one);
    best = one < best ? one : best;
  }
  EXPECT_LE(best, bound);
}

static void test_waiter_gets_the_gil_after_an_interval_from_a_holder_that_checkpoints(void **state)
{
  (void)state;
  expect_wait_of_about(5000);
}

static void test_interval_may_be_changed_at_run_time(void **state)
{
  (void)state;
  expect_wait_of_about(40000);
  expect_wait_of_about(1000);
  expect_wait_of_about(20000);
}

/* Whoever waits already waits by the new measure at once: the old one may have been minutes. */
static void test_shorter_interval_reaches_those_who_wait_already(void **state)
{
  (void)state;
  pthread_t waiter;
  gilloc_gil_set_interval(1000000000);
  gilloc_thread_attach();
  threads_start(&waiter, take_once, NULL);
  threads_await_asleep(&asking);
  gilloc_gil_set_interval(1000);
  while (!atomic_load(&got))
    gilloc_checkpoint();
  gilloc_thread_detach();
  threads_join(waiter);
  EXPECT_EQ(takeovers, 1);
}

static void test_holder_without_checkpoints_is_never_preempted(void **state)
{
  (void)state;
  pthread_t waiter;
  gilloc_gil_set_interval(500);
  gilloc_thread_attach();
  uint64_t drops = gilloc_gil_thread_counters().forced_drops;
  threads_start(&waiter, take_once, NULL);
  threads_await(&asking, 1);
  threads_work(threads_ms(60));
  EXPECT_EQ(takeovers, 0);
  EXPECT_EQ(atomic_load(&got), 0);
  EXPECT_EQ(gilloc_gil_thread_counters().forced_drops, drops);
  gilloc_thread_detach();
  threads_join(waiter);
  EXPECT_EQ(takeovers, 1);
}

static void test_checkpoint_switches_nobody_when_nobody_waits(void **state)
{
  (void)state;
  gilloc_gil_set_interval(10);
  gilloc_thread_attach();
  struct gilloc_gil_counters before = gilloc_gil_thread_counters();
  for (uint64_t end = threads_now() + threads_ms(10); threads_now() < end;)
    gilloc_checkpoint();
  struct gilloc_gil_counters after = gilloc_gil_thread_counters();
  EXPECT_EQ(after.forced_drops, before.forced_drops);
  EXPECT_EQ(after.acquisitions, before.acquisitions);
  gilloc_thread_detach();
}

static void *take_again_and_again(void *argument)
{
  (void)argument;
  while (!atomic_load(&stop)) {
    gilloc_thread_attach();
    takeovers++;
    gilloc_thread_detach();
  }
  return NULL;
}

/* A forced drop hands over: when the checkpoint returns, somebody else has held the GIL in between. */
static void test_forced_drop_waits_until_another_thread_has_taken_over(void **state)
{
  (void)state;
  pthread_t other;
  gilloc_gil_set_interval(200);
  gilloc_thread_attach();
  threads_start(&other, take_again_and_again, NULL);
  for (unsigned drops = 0; drops < (GILLOC_TSAN ? 50 : 200);) {
    uint64_t forced = gilloc_gil_thread_counters().forced_drops;
    unsigned long taken = takeovers;
    gilloc_checkpoint();
    if (gilloc_gil_thread_counters().forced_drops == forced)
      continue;
    EXPECT_LE(taken + 1, takeovers);
    drops++;
  }
  atomic_store(&stop, 1);
  gilloc_thread_detach();
  threads_join(other);
}

static void *drop_voluntarily(void *argument)
{
  (void)argument;
  gilloc_thread_attach();
  while (!atomic_load(&stop)) {
    gilloc_blocking_enter();
    gilloc_blocking_leave();
    threads_work(100000);
  }
  gilloc_thread_detach();
  return NULL;
}

/* The holders work longer than the interval, so drops are requested; but nobody comes to a checkpoint. */
static void test_voluntary_drop_is_not_a_forced_one(void **state)
{
  (void)state;
  pthread_t other;
  gilloc_gil_set_interval(10);
  uint64_t before = gilloc_gil_total_counters().forced_drops;
  threads_start(&other, drop_voluntarily, NULL);
  for (unsigned i = 0; i < 300; i++) {
    gilloc_thread_attach();
    threads_work(50000);
    gilloc_thread_detach();
  }
  atomic_store(&stop, 1);
  threads_join(other);
  EXPECT_EQ(gilloc_gil_total_counters().forced_drops, before);
}

static void test_free_gil_is_taken_at_once(void **state)
{
  (void)state;
  uint64_t best = UINT64_MAX;
  gilloc_gil_set_interval(1000000);
  for (unsigned i = 0; i < TRIES && (i < TRIES_AT_LEAST || best > threads_ms(100)); i++) {
    uint64_t start = threads_now();
    gilloc_thread_attach();
    uint64_t one = threads_now() - start;
    best = one < best ? one : best;
    gilloc_thread_detach();
  }
  EXPECT_LE(best, threads_ms(100));
}

static void *allocate_once(void *argument)
{
  (void)argument;
  atomic_store(&asking, 1);
  void *p = gilloc_malloc(32);
  COUNT_UNLESS(atomic_load(&stop) == 1);
  gilloc_free(p);
  return NULL;
}

static void test_unattached_allocation_waits_for_the_holder(void **state)
{
  (void)state;
  pthread_t other;
  gilloc_thread_attach();
  threads_start(&other, allocate_once, NULL);
  threads_await(&asking, 1);
  threads_work(threads_ms(10));
  atomic_store(&stop, 1);
  gilloc_thread_detach();
  threads_join(other);
  EXPECT_EQ(test_failures, 0);
}

static void *checkpoint_until_stopped(void *argument)
{
  (void)argument;
  gilloc_thread_attach();
  atomic_fetch_add(&asking, 1);
  while (!atomic_load(&stop)) {
    errno = ERANGE;
    gilloc_checkpoint();
    COUNT_UNLESS(errno == ERANGE);
  }
  gilloc_thread_detach();
  COUNT_UNLESS(errno == ERANGE);
  return NULL;
}

static void expect_errno(void)
{
  EXPECT_EQ(errno, EDOM);
}

/* Each call below has to wait for other threads, with time-outs inside, and none shows in errno. */
static void test_errno_is_preserved_by_calls_that_wait(void **state)
{
  (void)state;
  pthread_t others[2];
  gilloc_gil_set_interval(300);
  for (unsigned i = 0; i < 2; i++)
    threads_start(&others[i], checkpoint_until_stopped, NULL);
  threads_await(&asking, 2);
  errno = EDOM;
  for (unsigned i = 0; i < 20; i++) {
    gilloc_thread_attach(), expect_errno();
    gilloc_blocking_enter(), expect_errno();
    gilloc_blocking_leave(), expect_errno();
    gilloc_thread_detach(), expect_errno();
    gilloc_gil_acquire(), expect_errno();
    gilloc_gil_release(), expect_errno();
    gilloc_free(NULL), expect_errno();
  }
  atomic_store(&stop, 1);
  for (unsigned i = 0; i < 2; i++)
    threads_join(others[i]);
  EXPECT_EQ(test_failures, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_plain_counter_stays_exact_under_many_switches, begin),
      cmocka_unit_test_setup(test_attached_threads_and_acquirers_exclude_each_other, begin),
      cmocka_unit_test_setup(test_waiter_gets_the_gil_after_an_interval_from_a_holder_that_checkpoints,
                             begin),
      cmocka_unit_test_setup(test_interval_may_be_changed_at_run_time, begin),
      cmocka_unit_test_setup(test_shorter_interval_reaches_those_who_wait_already, begin),
      cmocka_unit_test_setup(test_holder_without_checkpoints_is_never_preempted, begin),
      cmocka_unit_test_setup(test_checkpoint_switches_nobody_when_nobody_waits, begin),
      cmocka_unit_test_setup(test_forced_drop_waits_until_another_thread_has_taken_over, begin),
      cmocka_unit_test_setup(test_voluntary_drop_is_not_a_forced_one, begin),
      cmocka_unit_test_setup(test_free_gil_is_taken_at_once, begin),
      cmocka_unit_test_setup(test_unattached_allocation_waits_for_the_holder, begin),
      cmocka_unit_test_setup(test_errno_is_preserved_by_calls_that_wait, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
