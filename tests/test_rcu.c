/* SPDX-License-Identifier: MIT
 *
 * test_rcu.c: a grace period outlasts the read sections that were open when it began, and no others. */
/* flavours: fine */
/* cost: 5 */
#include "expect.h"
#include "sandbox.h"
#include "threads.h"

#include "rcu.h"

#include <gilloc/gilloc.h>

#include <errno.h>

enum { SHORT_LIVED = GILLOC_TSAN ? 100 : 1000, REPLACEMENTS = GILLOC_TSAN ? 50 : 200 };

struct record {
  unsigned valid;
};

static _Atomic unsigned reading, may_leave, stop, turn, sections;
static unsigned left; /* written before the reader's leave, read after the grace period */
static struct record *_Atomic published;

static int begin(void **state)
{
  atomic_store(&reading, 0);
  atomic_store(&may_leave, 0);
  atomic_store(&stop, 0);
  atomic_store(&turn, 0);
  atomic_store(&sections, 0);
  left = 0;
  return threads_begin(state);
}

static void test_grace_period_without_readers_ends(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 10; i++)
    EXPECT_TRUE(gilloc_rcu_synchronize());
}

/* The first test: later the process has had threads. */
static void test_child_of_one_thread_has_grace_periods(void **state)
{
  (void)state;
  if (!gilloc_has_one_thread())
    skip(); /* ThreadSanitizer has one of its own */
  gilloc_free(gilloc_malloc(1));
  pid_t child = fork();
  if (child == 0)
    _exit(gilloc_rcu_synchronize() ? 0 : 1);
  EXPECT_EQ(wait_for_child(child), 0);
}

static void *read_nested(void *argument)
{
  unsigned depth = *(const unsigned *)argument;
  for (unsigned i = 0; i < depth; i++)
    gilloc_rcu_read_enter();
  for (unsigned i = 1; i < depth; i++)
    gilloc_rcu_read_leave();
  atomic_store(&reading, 1);
  threads_await(&may_leave, 1);
  left = 1;
  gilloc_rcu_read_leave();
  return NULL;
}

static void *allow_after_a_while(void *argument)
{
  (void)argument;
  threads_work(threads_ms(20));
  atomic_store(&may_leave, 1);
  return NULL;
}

static void expect_grace_period_outlasts_reader(unsigned depth)
{
  pthread_t reader, allower;
  threads_start(&reader, read_nested, &depth);
  threads_await(&reading, 1);
  threads_start(&allower, allow_after_a_while, NULL);
  gilloc_rcu_synchronize();
  EXPECT_EQ(left, 1);
  threads_join(reader);
  threads_join(allower);
}

static void test_grace_period_outlasts_an_open_read_section(void **state)
{
  (void)state;
  expect_grace_period_outlasts_reader(1);
}

static void test_leaving_an_inner_section_does_not_close_the_outer(void **state)
{
  (void)state;
  expect_grace_period_outlasts_reader(3);
}

/* Two readers relay: each leaves its section only when the other stands in one. */
static void *relay(void *argument)
{
  unsigned me = *(const unsigned *)argument;
  while (!atomic_load(&stop)) {
    gilloc_rcu_read_enter();
    atomic_fetch_add(&sections, 1);
    atomic_store(&turn, 1 - me);
    while (atomic_load(&turn) != me && !atomic_load(&stop))
      sched_yield();
    gilloc_rcu_read_leave();
  }
  return NULL;
}

static void test_grace_period_does_not_wait_for_later_sections(void **state)
{
  (void)state;
  pthread_t relays[2];
  const unsigned names[2] = {0, 1};
  for (unsigned i = 0; i < 2; i++)
    threads_start(&relays[i], relay, (void *)&names[i]);
  threads_await(&sections, 10);
  for (unsigned i = 0; i < 3; i++)
    gilloc_rcu_synchronize();
  atomic_store(&stop, 1);
  for (unsigned i = 0; i < 2; i++)
    threads_join(relays[i]);
}

static void *read_once(void *argument)
{
  (void)argument;
  gilloc_rcu_read_enter();
  gilloc_rcu_read_leave();
  return NULL;
}

static void *synchronize_until_stopped(void *argument)
{
  (void)argument;
  do
    gilloc_rcu_synchronize();
  while (!atomic_load(&stop));
  return NULL;
}

static void test_readers_may_come_and_go_during_grace_periods(void **state)
{
  (void)state;
  pthread_t writer;
  threads_start(&writer, synchronize_until_stopped, NULL);
  for (unsigned i = 0; i < SHORT_LIVED; i++)
    threads_run(2, read_once, NULL);
  atomic_store(&stop, 1);
  threads_join(writer);
}

static void *read_published(void *argument)
{
  (void)argument;
  while (!atomic_load(&stop)) {
    gilloc_rcu_read_enter();
    COUNT_UNLESS(atomic_load_explicit(&published, memory_order_acquire)->valid == 1);
    gilloc_rcu_read_leave();
  }
  return NULL;
}

static struct record *new_record(void)
{
  struct record *record = malloc(sizeof *record);
  record->valid = 1;
  return record;
}

static void test_memory_may_be_reused_after_a_grace_period(void **state)
{
  (void)state;
  pthread_t readers[2];
  atomic_store(&published, new_record());
  for (unsigned i = 0; i < 2; i++)
    threads_start(&readers[i], read_published, NULL);
  for (unsigned i = 0; i < REPLACEMENTS; i++) {
    struct record *old = atomic_exchange(&published, new_record());
    gilloc_rcu_synchronize();
    old->valid = 0;
    free(old);
  }
  atomic_store(&stop, 1);
  for (unsigned i = 0; i < 2; i++)
    threads_join(readers[i]);
  free(atomic_load(&published));
  EXPECT_EQ(test_failures, 0);
}

static void test_sections_and_grace_periods_preserve_errno(void **state)
{
  (void)state;
  errno = EDOM;
  gilloc_rcu_read_enter();
  EXPECT_EQ(errno, EDOM);
  gilloc_rcu_read_leave();
  EXPECT_EQ(errno, EDOM);
}

static void read_and_synchronize(void)
{
  read_once(NULL);
  COUNT_UNLESS(!gilloc_rcu_synchronize());
}

static void test_child_of_a_fork_does_not_wait_for_readers_left_behind(void **state)
{
  (void)state;
  pthread_t reader;
  unsigned depth = 1;
  gilloc_free(gilloc_malloc(1));
  threads_start(&reader, read_nested, &depth);
  threads_await(&reading, 1);
  int status = threads_fork(read_and_synchronize);
  atomic_store(&may_leave, 1);
  threads_join(reader);
  EXPECT_EQ(status, 0);
}

static void test_refused_membarrier_ends_no_process(void **state)
{
  (void)state;
  pid_t child = fork();
  if (child == 0) {
    bool is_refused = sandbox_refuses(SYS_membarrier);
    _exit(is_refused && gilloc_rcu_synchronize() ? 1 : 0);
  }
  EXPECT_EQ(wait_for_child(child), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_child_of_one_thread_has_grace_periods, begin),
      cmocka_unit_test_setup(test_grace_period_without_readers_ends, begin),
      cmocka_unit_test_setup(test_grace_period_outlasts_an_open_read_section, begin),
      cmocka_unit_test_setup(test_leaving_an_inner_section_does_not_close_the_outer, begin),
      cmocka_unit_test_setup(test_grace_period_does_not_wait_for_later_sections, begin),
      cmocka_unit_test_setup(test_readers_may_come_and_go_during_grace_periods, begin),
      cmocka_unit_test_setup(test_memory_may_be_reused_after_a_grace_period, begin),
      cmocka_unit_test_setup(test_sections_and_grace_periods_preserve_errno, begin),
      cmocka_unit_test_setup(test_refused_membarrier_ends_no_process, begin),
      cmocka_unit_test_setup(test_child_of_a_fork_does_not_wait_for_readers_left_behind, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
