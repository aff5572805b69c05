/* SPDX-License-Identifier: MIT
 *
 * test_gil_threads.c: the GIL when threads end and when processes fork: no lost wake-up, a fresh lock in the
 * child. Under ThreadSanitizer a child of a process with threads may not start threads of its own. */
/* flavours: gil */
/* cost: 3 */
#include "expect.h"
#include "threads.h"

#include <gilloc/gil.h>
#include <gilloc/gilloc.h>

/* Longer than a test may last: who is not woken when the GIL becomes free waits for ever. */
enum { LONG_INTERVAL = 300000000 };

enum { SPAWNERS = 3, SHORT_LIVED = GILLOC_TSAN ? 150 : 1500 };

static unsigned long counter; /* under the GIL */
static _Atomic unsigned ready, stop;

static int begin(void **state)
{
  counter = 0;
  atomic_store(&ready, 0);
  atomic_store(&stop, 0);
  gilloc_gil_set_interval(5000);
  return threads_begin(state);
}

static void *live_briefly(void *argument)
{
  (void)argument;
  gilloc_thread_attach();
  counter++;
  gilloc_checkpoint();
  gilloc_thread_detach();
  return NULL;
}

static void *spawn_short_lived(void *argument)
{
  threads_body *body = *(threads_body *const *)argument;
  for (unsigned i = 0; i < SHORT_LIVED / SPAWNERS; i++)
    threads_run(3, body, NULL);
  return NULL;
}

static void test_thousands_of_short_lived_threads_all_get_the_gil(void **state)
{
  (void)state;
  threads_body *body = live_briefly;
  gilloc_gil_set_interval(50);
  threads_run(SPAWNERS, spawn_short_lived, &body);
  EXPECT_EQ(counter, 3ul * (SHORT_LIVED / SPAWNERS) * SPAWNERS);
}

static void *exit_attached(void *argument)
{
  (void)argument;
  gilloc_thread_attach();
  counter++;
  gilloc_checkpoint();
  pthread_exit(NULL);
}

static void test_exit_of_an_attached_thread_detaches_it(void **state)
{
  (void)state;
  threads_run(1, exit_attached, NULL);
  gilloc_thread_attach();
  EXPECT_EQ(counter, 1);
  gilloc_thread_detach();
}

static void test_waiters_are_not_lost_when_holders_exit(void **state)
{
  (void)state;
  threads_body *body = exit_attached;
  gilloc_gil_set_interval(LONG_INTERVAL);
  threads_run(SPAWNERS, spawn_short_lived, &body);
  EXPECT_EQ(counter, 3ul * (SHORT_LIVED / SPAWNERS) * SPAWNERS);
}

static void test_no_wake_up_is_lost_among_short_lived_threads(void **state)
{
  (void)state;
  threads_body *body = live_briefly;
  gilloc_gil_set_interval(LONG_INTERVAL);
  threads_run(SPAWNERS, spawn_short_lived, &body);
  EXPECT_EQ(counter, 3ul * (SHORT_LIVED / SPAWNERS) * SPAWNERS);
}

static void *exit_in_blocking_region(void *argument)
{
  (void)argument;
  gilloc_thread_attach();
  counter++;
  gilloc_blocking_enter();
  return NULL;
}

static void test_exit_inside_a_blocking_region_leaves_the_gil_alone(void **state)
{
  (void)state;
  gilloc_thread_attach();
  gilloc_blocking_enter();
  threads_run(4, exit_in_blocking_region, NULL);
  gilloc_blocking_leave();
  EXPECT_EQ(counter, 4);
  EXPECT_TRUE(gilloc_gil_is_held());
  gilloc_thread_detach();
}

static void *checkpoint_until_stopped(void *argument)
{
  (void)argument;
  gilloc_thread_attach();
  atomic_fetch_add(&ready, 1);
  while (!atomic_load(&stop)) {
    counter++;
    gilloc_checkpoint();
  }
  gilloc_thread_detach();
  return NULL;
}

static void test_totals_keep_what_an_attached_thread_had_at_its_exit(void **state)
{
  (void)state;
  struct gilloc_gil_counters before = gilloc_gil_total_counters();
  threads_run(8, exit_attached, NULL);
  EXPECT_LE(8, gilloc_gil_total_counters().acquisitions - before.acquisitions);
}

/* What any process may do with its GIL. */
static void use_the_gil_alone(void)
{
  bool attached = gilloc_gil_is_held();
  if (!attached)
    gilloc_thread_attach();
  for (unsigned i = 0; i < 1000; i++)
    gilloc_checkpoint();
  gilloc_blocking_enter();
  gilloc_blocking_leave();
  gilloc_gil_acquire();
  void *p = gilloc_malloc(100);
  COUNT_UNLESS(p != NULL);
  gilloc_free(p);
  gilloc_gil_release();
  gilloc_thread_detach();
  COUNT_UNLESS(!gilloc_gil_is_held());
}

static void use_the_gil_with_threads(void)
{
  use_the_gil_alone();
  gilloc_gil_set_interval(100);
  counter = 0;
  threads_run(4, live_briefly, NULL);
  COUNT_UNLESS(counter == 4);
}

static void expect_held_and_use(void)
{
  COUNT_UNLESS(gilloc_gil_is_held());
  use_the_gil_with_threads();
}

static void expect_free_and_use(void)
{
  COUNT_UNLESS(!gilloc_gil_is_held());
  use_the_gil_with_threads();
}

static void test_child_of_a_fork_holds_the_gil_that_its_parent_held(void **state)
{
  (void)state;
  gilloc_thread_attach();
  EXPECT_EQ(threads_fork(expect_held_and_use), 0);
  EXPECT_TRUE(gilloc_gil_is_held());
  gilloc_thread_detach();
}

static void test_child_of_a_fork_without_the_gil_has_a_free_one(void **state)
{
  (void)state;
  EXPECT_EQ(threads_fork(expect_free_and_use), 0);
  EXPECT_FALSE(gilloc_gil_is_held());
}

static void test_child_of_a_fork_inside_a_blocking_region_may_leave_it(void **state)
{
  (void)state;
  gilloc_thread_attach();
  gilloc_blocking_enter();
  pid_t child = fork();
  gilloc_blocking_leave();
  gilloc_thread_detach();
  if (child == 0)
    _exit(gilloc_gil_is_held());
  EXPECT_EQ(wait_for_child(child), 0);
}

static void fork_among_threads(bool held)
{
  pthread_t others[3];
  void (*body)(void) = GILLOC_TSAN ? use_the_gil_alone : use_the_gil_with_threads;
  gilloc_gil_set_interval(200);
  for (unsigned i = 0; i < 3; i++)
    threads_start(&others[i], checkpoint_until_stopped, NULL);
  threads_await(&ready, 3);
  for (unsigned i = 0; i < 10; i++) {
    if (held)
      gilloc_thread_attach();
    int status = threads_fork(body);
    if (held)
      gilloc_thread_detach();
    EXPECT_EQ(status, 0);
  }
  atomic_store(&stop, 1);
  for (unsigned i = 0; i < 3; i++)
    threads_join(others[i]);
}

static void test_fork_with_the_gil_held_while_others_wait(void **state)
{
  (void)state;
  fork_among_threads(true);
}

static void test_fork_while_another_thread_holds_the_gil(void **state)
{
  (void)state;
  fork_among_threads(false);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_thousands_of_short_lived_threads_all_get_the_gil, begin),
      cmocka_unit_test_setup(test_exit_of_an_attached_thread_detaches_it, begin),
      cmocka_unit_test_setup(test_no_wake_up_is_lost_among_short_lived_threads, begin),
      cmocka_unit_test_setup(test_waiters_are_not_lost_when_holders_exit, begin),
      cmocka_unit_test_setup(test_exit_inside_a_blocking_region_leaves_the_gil_alone, begin),
      cmocka_unit_test_setup(test_totals_keep_what_an_attached_thread_had_at_its_exit, begin),
      cmocka_unit_test_setup(test_child_of_a_fork_holds_the_gil_that_its_parent_held, begin),
      cmocka_unit_test_setup(test_child_of_a_fork_without_the_gil_has_a_free_one, begin),
      cmocka_unit_test_setup(test_child_of_a_fork_inside_a_blocking_region_may_leave_it, begin),
      cmocka_unit_test_setup(test_fork_with_the_gil_held_while_others_wait, begin),
      cmocka_unit_test_setup(test_fork_while_another_thread_holds_the_gil, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
