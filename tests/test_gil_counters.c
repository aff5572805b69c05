/* SPDX-License-Identifier: MIT
 *
 * test_gil_counters.c: what the counters add up to over several threads, past ones included. Only a GIL has
 * anything to count; test_gil.c holds that the others count nothing. */
/* flavours: gil */
#include "expect.h"
#include "threads.h"

#include <gilloc/gil.h>
#include <gilloc/gilloc.h>

enum { TURNS = 100 };

static _Atomic unsigned turn, ready, stop;
static struct gilloc_gil_counters seen[4]; /* each by one thread, before it ends */
static _Atomic unsigned next_seen;

static int begin(void **state)
{
  atomic_store(&turn, 0);
  atomic_store(&ready, 0);
  atomic_store(&stop, 0);
  atomic_store(&next_seen, 0);
  memset(seen, 0, sizeof seen);
  gilloc_gil_set_interval(5000);
  return threads_begin(state);
}

static void remember_counters(void)
{
  seen[atomic_fetch_add(&next_seen, 1)] = gilloc_gil_thread_counters();
}

/* Two threads take the GIL in turns: even turns are for the one with 0, odd ones for the one with 1. */
static void *take_turns(void *argument)
{
  unsigned parity = *(const unsigned *)argument;
  for (unsigned mine = parity; mine < TURNS; mine += 2) {
    threads_await(&turn, mine);
    gilloc_gil_acquire();
    gilloc_gil_release();
    atomic_store(&turn, mine + 1);
  }
  remember_counters();
  return NULL;
}

static void test_holder_changes_count_turns_between_threads(void **state)
{
  (void)state;
  static const unsigned parities[2] = {0, 1};
  pthread_t ids[2];
  gilloc_gil_acquire();
  gilloc_gil_release();
  struct gilloc_gil_counters before = gilloc_gil_total_counters();
  for (unsigned i = 0; i < 2; i++)
    threads_start(&ids[i], take_turns, (void *)&parities[i]);
  for (unsigned i = 0; i < 2; i++)
    threads_join(ids[i]);
  struct gilloc_gil_counters after = gilloc_gil_total_counters();
  EXPECT_EQ(after.acquisitions - before.acquisitions, TURNS);
  EXPECT_EQ(after.holder_changes - before.holder_changes, TURNS);
  EXPECT_EQ(seen[0].holder_changes + seen[1].holder_changes, TURNS);
}

static void test_same_thread_again_is_no_holder_change(void **state)
{
  (void)state;
  gilloc_gil_acquire();
  gilloc_gil_release();
  struct gilloc_gil_counters before = gilloc_gil_total_counters();
  for (unsigned i = 0; i < 10; i++) {
    gilloc_gil_acquire();
    gilloc_gil_release();
  }
  struct gilloc_gil_counters after = gilloc_gil_total_counters();
  EXPECT_EQ(after.acquisitions - before.acquisitions, 10);
  EXPECT_EQ(after.holder_changes, before.holder_changes);
}

static void *use_the_gil(void *argument)
{
  (void)argument;
  gilloc_thread_attach();
  for (unsigned i = 0; i < 50; i++) {
    threads_work(100000);
    gilloc_checkpoint();
    gilloc_blocking_enter();
    gilloc_blocking_leave();
  }
  gilloc_thread_detach();
  remember_counters();
  return NULL;
}

static struct gilloc_gil_counters sum_of_seen(void)
{
  struct gilloc_gil_counters sum = {0};
  for (unsigned i = 0; i < 4; i++) {
    sum.acquisitions += seen[i].acquisitions;
    sum.holder_changes += seen[i].holder_changes;
    sum.forced_drops += seen[i].forced_drops;
    sum.waited_ns += seen[i].waited_ns;
    sum.held_ns += seen[i].held_ns;
  }
  return sum;
}

static void test_totals_include_threads_that_have_ended(void **state)
{
  (void)state;
  gilloc_gil_set_interval(500);
  struct gilloc_gil_counters before = gilloc_gil_total_counters();
  threads_run(4, use_the_gil, NULL);
  struct gilloc_gil_counters after = gilloc_gil_total_counters(), sum = sum_of_seen();
  EXPECT_EQ(sum.acquisitions, after.acquisitions - before.acquisitions);
  EXPECT_EQ(sum.holder_changes, after.holder_changes - before.holder_changes);
  EXPECT_EQ(sum.forced_drops, after.forced_drops - before.forced_drops);
  EXPECT_EQ(sum.waited_ns, after.waited_ns - before.waited_ns);
  EXPECT_EQ(sum.held_ns, after.held_ns - before.held_ns);
  EXPECT_LE(4 * 51, sum.acquisitions);
}

static void test_times_of_all_threads_fit_into_the_time_that_passed(void **state)
{
  (void)state;
  gilloc_gil_set_interval(500);
  uint64_t start = threads_now();
  struct gilloc_gil_counters before = gilloc_gil_total_counters();
  threads_run(4, use_the_gil, NULL);
  struct gilloc_gil_counters after = gilloc_gil_total_counters();
  uint64_t passed = threads_now() - start;
  EXPECT_LE(after.held_ns - before.held_ns, passed + THREADS_CLOCK_SLACK);
  EXPECT_LE(4 * 50 * 100000ul, after.held_ns - before.held_ns + THREADS_CLOCK_SLACK);
  EXPECT_LE(after.waited_ns - before.waited_ns, 4 * (passed + THREADS_CLOCK_SLACK));
}

static void *allocate_and_free(void *argument)
{
  (void)argument;
  for (unsigned i = 0; i < 25; i++)
    gilloc_free(gilloc_malloc(64));
  remember_counters();
  return NULL;
}

static void test_totals_include_threads_that_never_attached(void **state)
{
  (void)state;
  struct gilloc_gil_counters before = gilloc_gil_total_counters();
  threads_run(2, allocate_and_free, NULL);
  struct gilloc_gil_counters after = gilloc_gil_total_counters();
  EXPECT_EQ(seen[0].acquisitions, 50);
  EXPECT_EQ(seen[1].acquisitions, 50);
  EXPECT_LE(100, after.acquisitions - before.acquisitions);
}

static void *wait_for_the_gil(void *argument)
{
  (void)argument;
  atomic_store(&ready, 1);
  gilloc_thread_attach();
  remember_counters();
  gilloc_thread_detach();
  return NULL;
}

static void test_waiting_time_is_counted_for_the_waiter(void **state)
{
  (void)state;
  pthread_t waiter;
  gilloc_gil_set_interval(10000);
  gilloc_thread_attach();
  threads_start(&waiter, wait_for_the_gil, NULL);
  while (atomic_load(&next_seen) == 0)
    gilloc_checkpoint();
  gilloc_thread_detach();
  threads_join(waiter);
  EXPECT_LE(threads_ms(10), seen[0].waited_ns + THREADS_CLOCK_SLACK);
  EXPECT_EQ(seen[0].acquisitions, 1);
  EXPECT_EQ(seen[0].holder_changes, 1);
}

static void test_forced_drop_counts_for_the_thread_that_dropped(void **state)
{
  (void)state;
  pthread_t waiter;
  gilloc_gil_set_interval(1000);
  gilloc_thread_attach();
  uint64_t before = gilloc_gil_thread_counters().forced_drops;
  threads_start(&waiter, wait_for_the_gil, NULL);
  while (atomic_load(&next_seen) == 0)
    gilloc_checkpoint();
  EXPECT_EQ(gilloc_gil_thread_counters().forced_drops - before, 1);
  gilloc_thread_detach();
  threads_join(waiter);
  EXPECT_EQ(seen[0].forced_drops, 0);
}

static void *read_counters_until_stopped(void *argument)
{
  (void)argument;
  struct gilloc_gil_counters last = {0};
  atomic_store(&ready, 1);
  while (!atomic_load(&stop)) {
    struct gilloc_gil_counters now = gilloc_gil_total_counters();
    COUNT_UNLESS(now.acquisitions >= last.acquisitions && now.holder_changes >= last.holder_changes);
    COUNT_UNLESS(now.held_ns >= last.held_ns && now.waited_ns >= last.waited_ns);
    COUNT_UNLESS(now.forced_drops >= last.forced_drops);
    last = now;
    sched_yield();
  }
  return NULL;
}

static void test_totals_never_go_back_while_others_work(void **state)
{
  (void)state;
  pthread_t reader;
  gilloc_gil_set_interval(200);
  threads_start(&reader, read_counters_until_stopped, NULL);
  threads_await(&ready, 1);
  threads_run(3, use_the_gil, NULL);
  atomic_store(&stop, 1);
  threads_join(reader);
  EXPECT_EQ(test_failures, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_holder_changes_count_turns_between_threads, begin),
      cmocka_unit_test_setup(test_same_thread_again_is_no_holder_change, begin),
      cmocka_unit_test_setup(test_totals_include_threads_that_have_ended, begin),
      cmocka_unit_test_setup(test_times_of_all_threads_fit_into_the_time_that_passed, begin),
      cmocka_unit_test_setup(test_totals_include_threads_that_never_attached, begin),
      cmocka_unit_test_setup(test_waiting_time_is_counted_for_the_waiter, begin),
      cmocka_unit_test_setup(test_forced_drop_counts_for_the_thread_that_dropped, begin),
      cmocka_unit_test_setup(test_totals_never_go_back_while_others_work, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
