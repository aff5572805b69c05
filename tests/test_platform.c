/* SPDX-License-Identifier: MIT
 *
 * test_platform.c: futex, clock, thread ids and randomness as platform.h promises them. */
/* flavours: none fine */
#include "expect.h"
#include "threads.h"

#include "platform.h"

#include <gilloc/gilloc.h>

#include <errno.h>
#include <sys/syscall.h>

static _Atomic uint32_t word;
static _Atomic unsigned ready;

static void test_futex_wait_returns_at_once_when_the_word_differs(void **state)
{
  (void)state;
  atomic_store(&word, 1);
  EXPECT_TRUE(gilloc_futex_wait(&word, 0, -1));
}

static void test_futex_wait_ends_no_earlier_than_its_time(void **state)
{
  (void)state;
  atomic_store(&word, 0);
  uint64_t start = threads_now();
  while (gilloc_futex_wait(&word, 0, (int64_t)threads_ms(5)))
    start = threads_now();
  EXPECT_LE(threads_ms(5), threads_now() - start);
}

static void test_futex_wait_with_no_time_at_all_returns_at_once(void **state)
{
  (void)state;
  atomic_store(&word, 0);
  while (gilloc_futex_wait(&word, 0, 0))
    ;
}

static void *sleep_on_word(void *argument)
{
  (void)argument;
  atomic_fetch_add(&ready, 1);
  while (atomic_load(&word) == 0)
    gilloc_futex_wait(&word, 0, -1);
  return NULL;
}

static void test_futex_wake_wakes_every_sleeper_it_was_asked_for(void **state)
{
  (void)state;
  pthread_t ids[4];
  atomic_store(&word, 0);
  atomic_store(&ready, 0);
  for (unsigned i = 0; i < 4; i++)
    threads_start(&ids[i], sleep_on_word, NULL);
  threads_await(&ready, 4);
  atomic_store(&word, 1);
  gilloc_futex_wake(&word, 4);
  for (unsigned i = 0; i < 4; i++)
    threads_join(ids[i]);
}

static void test_futex_calls_preserve_errno(void **state)
{
  (void)state;
  atomic_store(&word, 0);
  errno = EDOM;
  gilloc_futex_wait(&word, 0, 1000);
  EXPECT_EQ(errno, EDOM);
  gilloc_futex_wait(&word, 7, -1);
  EXPECT_EQ(errno, EDOM);
  gilloc_futex_wake(&word, 1);
  EXPECT_EQ(errno, EDOM);
}

static void test_clock_is_the_monotonic_clock(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 1000; i++) {
    uint64_t before = threads_now(), read = gilloc_clock_ns(), after = threads_now();
    EXPECT_LE(before, read);
    EXPECT_LE(read, after);
  }
}

static void test_cheap_clock_follows_the_true_one_and_never_runs_back(void **state)
{
  (void)state;
  struct gilloc_clock clock = {0};
  uint64_t last = 0;
  for (uint64_t end = threads_now() + threads_ms(50); last < end;) {
    uint64_t before = threads_now(), cheap = gilloc_clock_read(&clock), after = threads_now();
    EXPECT_LE(last, cheap);
    EXPECT_LE(before, cheap + THREADS_CLOCK_SLACK);
    EXPECT_LE(cheap, after + THREADS_CLOCK_SLACK);
    last = cheap;
  }
}

static void test_cheap_clock_is_right_after_a_long_pause(void **state)
{
  (void)state;
  struct gilloc_clock clock = {0};
  struct timespec pause = {0, 30 * THREADS_NS_PER_MS};
  for (unsigned i = 0; i < 3; i++) {
    gilloc_clock_read(&clock);
    nanosleep(&pause, NULL);
    uint64_t before = threads_now();
    EXPECT_LE(before, gilloc_clock_read(&clock) + THREADS_CLOCK_SLACK);
    EXPECT_LE(gilloc_clock_read(&clock), threads_now() + THREADS_CLOCK_SLACK);
  }
}

static void test_processors_are_those_that_this_process_may_run_on(void **state)
{
  (void)state;
  cpu_set_t set;
  EXPECT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  EXPECT_EQ(gilloc_cpu_count(), CPU_COUNT(&set));
}

static void *store_thread_id(void *argument)
{
  uint32_t id = gilloc_thread_id();
  COUNT_UNLESS(id != 0);
  COUNT_UNLESS(id == gilloc_thread_id());
  COUNT_UNLESS(id == (uint32_t)syscall(SYS_gettid));
  *(uint32_t *)argument = id;
  return NULL;
}

static void test_thread_id_differs_between_threads(void **state)
{
  (void)state;
  uint32_t other = 0;
  threads_run(1, store_thread_id, &other);
  EXPECT_TRUE(other != gilloc_thread_id());
  EXPECT_EQ(test_failures, 0);
}

static void expect_own_thread_id(void)
{
  COUNT_UNLESS(gilloc_thread_id() == (uint32_t)syscall(SYS_gettid));
}

/* The library's handlers of pthread_atfork renew it; they come with its allocator. */
static void test_thread_id_is_renewed_in_the_child_of_a_fork(void **state)
{
  (void)state;
  gilloc_free(gilloc_malloc(1));
  EXPECT_EQ(gilloc_thread_id(), (uint32_t)syscall(SYS_gettid));
  EXPECT_EQ(threads_fork(expect_own_thread_id), 0);
}

static void test_random_numbers_do_not_repeat(void **state)
{
  (void)state;
  uint64_t first = gilloc_random_u64(), second = gilloc_random_u64(), third = gilloc_random_u64();
  EXPECT_TRUE(first != second);
  EXPECT_TRUE(second != third);
  EXPECT_TRUE(first != third);
}

static void test_clock_thread_id_and_randomness_preserve_errno(void **state)
{
  (void)state;
  errno = EDOM;
  gilloc_clock_ns();
  gilloc_thread_id();
  gilloc_random_u64();
  gilloc_spin_hint();
  EXPECT_EQ(errno, EDOM);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_futex_wait_returns_at_once_when_the_word_differs, threads_begin),
      cmocka_unit_test_setup(test_futex_wait_ends_no_earlier_than_its_time, threads_begin),
      cmocka_unit_test_setup(test_futex_wait_with_no_time_at_all_returns_at_once, threads_begin),
      cmocka_unit_test_setup(test_futex_wake_wakes_every_sleeper_it_was_asked_for, threads_begin),
      cmocka_unit_test_setup(test_futex_calls_preserve_errno, threads_begin),
      cmocka_unit_test_setup(test_clock_is_the_monotonic_clock, threads_begin),
      cmocka_unit_test_setup(test_cheap_clock_follows_the_true_one_and_never_runs_back, threads_begin),
      cmocka_unit_test_setup(test_cheap_clock_is_right_after_a_long_pause, threads_begin),
      cmocka_unit_test_setup(test_processors_are_those_that_this_process_may_run_on, threads_begin),
      cmocka_unit_test_setup(test_thread_id_differs_between_threads, threads_begin),
      cmocka_unit_test_setup(test_thread_id_is_renewed_in_the_child_of_a_fork, threads_begin),
      cmocka_unit_test_setup(test_random_numbers_do_not_repeat, threads_begin),
      cmocka_unit_test_setup(test_clock_thread_id_and_randomness_preserve_errno, threads_begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
