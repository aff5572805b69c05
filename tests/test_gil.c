/* SPDX-License-Identifier: MIT
 *
 * test_gil.c: what one thread sees of gilloc/gil.h: attaching, nesting, blocking regions, interval, policy,
 * counters. On flavours without a GIL the same calls must do nothing and succeed. */
/* flavours: none gil fine gil-py311 */
#include "expect.h"
#include "threads.h"

#include <gilloc/gil.h>
#include <gilloc/gilloc.h>

#include <errno.h>

static int begin(void **state)
{
  gilloc_gil_set_interval(5000);
  return threads_begin(state);
}

/* What gilloc_gil_is_held says of a thread that has not taken it. */
static const bool held_by_nobody = !GILLOC_HAS_GIL;

static void test_attached_thread_holds_the_gil(void **state)
{
  (void)state;
  EXPECT_EQ(gilloc_gil_is_held(), held_by_nobody);
  gilloc_thread_attach();
  EXPECT_TRUE(gilloc_gil_is_held());
  gilloc_thread_detach();
  EXPECT_EQ(gilloc_gil_is_held(), held_by_nobody);
}

static void test_thread_may_attach_again_after_detaching(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 100; i++) {
    gilloc_thread_attach();
    EXPECT_TRUE(gilloc_gil_is_held());
    gilloc_thread_detach();
  }
}

static void test_acquire_nests_without_attachment(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 5; i++) {
    gilloc_gil_acquire();
    EXPECT_TRUE(gilloc_gil_is_held());
  }
  for (unsigned i = 0; i < 5; i++) {
    EXPECT_TRUE(gilloc_gil_is_held());
    gilloc_gil_release();
  }
  EXPECT_EQ(gilloc_gil_is_held(), held_by_nobody);
}

static void test_release_leaves_an_attached_thread_the_gil(void **state)
{
  (void)state;
  gilloc_thread_attach();
  gilloc_gil_acquire();
  gilloc_gil_acquire();
  gilloc_gil_release();
  gilloc_gil_release();
  EXPECT_TRUE(gilloc_gil_is_held());
  gilloc_thread_detach();
}

static void test_blocking_region_is_without_the_gil(void **state)
{
  (void)state;
  gilloc_thread_attach();
  for (unsigned i = 0; i < 3; i++) {
    gilloc_blocking_enter();
    EXPECT_EQ(gilloc_gil_is_held(), held_by_nobody);
    gilloc_blocking_leave();
    EXPECT_TRUE(gilloc_gil_is_held());
  }
  gilloc_thread_detach();
}

static void test_blocking_region_restores_the_nesting(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 3; i++)
    gilloc_gil_acquire();
  gilloc_blocking_enter();
  EXPECT_EQ(gilloc_gil_is_held(), held_by_nobody);
  gilloc_blocking_leave();
  for (unsigned i = 0; i < 3; i++) {
    EXPECT_TRUE(gilloc_gil_is_held());
    gilloc_gil_release();
  }
  EXPECT_EQ(gilloc_gil_is_held(), held_by_nobody);
}

static void test_acquire_works_inside_a_blocking_region(void **state)
{
  (void)state;
  gilloc_thread_attach();
  gilloc_blocking_enter();
  gilloc_gil_acquire();
  EXPECT_TRUE(gilloc_gil_is_held());
  gilloc_gil_acquire();
  gilloc_gil_release();
  gilloc_gil_release();
  EXPECT_EQ(gilloc_gil_is_held(), held_by_nobody);
  gilloc_blocking_leave();
  EXPECT_TRUE(gilloc_gil_is_held());
  gilloc_thread_detach();
}

static void test_allocation_inside_a_blocking_region_takes_the_gil_for_the_call(void **state)
{
  (void)state;
  gilloc_thread_attach();
  gilloc_blocking_enter();
  uint64_t before = gilloc_gil_thread_counters().acquisitions;
  void *p = gilloc_malloc(100);
  EXPECT_EQ(gilloc_gil_is_held(), held_by_nobody);
  gilloc_free(p);
  EXPECT_EQ(gilloc_gil_is_held(), held_by_nobody);
  EXPECT_EQ(gilloc_gil_thread_counters().acquisitions - before, GILLOC_HAS_GIL ? 2 : 0);
  gilloc_blocking_leave();
  gilloc_thread_detach();
}

static void test_allocation_of_an_unattached_thread_takes_the_gil_for_the_call(void **state)
{
  (void)state;
  uint64_t before = gilloc_gil_thread_counters().acquisitions;
  void *p = gilloc_malloc(100);
  EXPECT_NOT_NULL(p);
  EXPECT_EQ(gilloc_gil_thread_counters().acquisitions - before, GILLOC_HAS_GIL ? 1 : 0);
  EXPECT_EQ(gilloc_gil_is_held(), held_by_nobody);
  gilloc_free(p);
  EXPECT_EQ(gilloc_gil_thread_counters().acquisitions - before, GILLOC_HAS_GIL ? 2 : 0);
}

static void test_allocation_of_a_holder_does_not_take_the_gil_again(void **state)
{
  (void)state;
  gilloc_thread_attach();
  uint64_t before = gilloc_gil_thread_counters().acquisitions;
  gilloc_free(gilloc_malloc(100));
  EXPECT_EQ(gilloc_gil_thread_counters().acquisitions, before);
  EXPECT_TRUE(gilloc_gil_is_held());
  gilloc_thread_detach();
}

static void test_every_call_preserves_errno(void **state)
{
  (void)state;
  errno = EDOM;
  gilloc_thread_attach();
  EXPECT_EQ(errno, EDOM);
  gilloc_gil_acquire();
  gilloc_checkpoint();
  gilloc_checkpoint_slow();
  gilloc_gil_release();
  EXPECT_EQ(errno, EDOM);
  gilloc_blocking_enter();
  EXPECT_EQ(errno, EDOM);
  gilloc_blocking_leave();
  EXPECT_EQ(errno, EDOM);
  gilloc_thread_detach();
  EXPECT_EQ(errno, EDOM);
}

static void test_interval_is_five_milliseconds_at_the_start(void **state)
{
  (void)state;
  if (!GILLOC_HAS_GIL)
    skip();
  EXPECT_EQ(gilloc_gil_interval(), 5000);
}

static void test_interval_accepts_what_is_in_range_and_nothing_else(void **state)
{
  (void)state;
  EXPECT_TRUE(gilloc_gil_set_interval(1));
  EXPECT_TRUE(gilloc_gil_set_interval(1000000000));
  if (!GILLOC_HAS_GIL)
    return;
  EXPECT_EQ(gilloc_gil_interval(), 1000000000);
  EXPECT_TRUE(gilloc_gil_set_interval(250));
  EXPECT_FALSE(gilloc_gil_set_interval(0));
  EXPECT_FALSE(gilloc_gil_set_interval(1000000001));
  EXPECT_FALSE(gilloc_gil_set_interval(UINT64_MAX));
  EXPECT_EQ(gilloc_gil_interval(), 250);
}

static void test_interval_may_be_set_by_the_holder(void **state)
{
  (void)state;
  gilloc_thread_attach();
  EXPECT_TRUE(gilloc_gil_set_interval(1000));
  EXPECT_TRUE(gilloc_gil_is_held());
  gilloc_thread_detach();
}

static void test_policy_is_chosen_by_name(void **state)
{
  (void)state;
  EXPECT_TRUE(gilloc_gil_set_policy("interval"));
  if (!GILLOC_HAS_GIL)
    return;
  EXPECT_STREQ(gilloc_gil_policy(), "interval");
  const char *wrong[] = {"", "Interval", "interval ", "intervals", "inter", "first come first served"};
  for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    EXPECT_FALSE(gilloc_gil_set_policy(wrong[i]));
    EXPECT_STREQ(gilloc_gil_policy(), "interval");
  }
}

static void test_every_listed_policy_may_be_chosen(void **state)
{
  (void)state;
  unsigned n = 0;
  bool found_interval = false;
  for (const char *name; (name = gilloc_gil_policy_name(n)); n++) {
    EXPECT_TRUE(gilloc_gil_set_policy(name));
    if (GILLOC_HAS_GIL)
      EXPECT_STREQ(gilloc_gil_policy(), name);
    found_interval |= strcmp(name, "interval") == 0;
  }
  EXPECT_TRUE(found_interval || !GILLOC_HAS_GIL);
  EXPECT_NULL(gilloc_gil_policy_name(n + 1));
  EXPECT_NULL(gilloc_gil_policy_name(UINT32_MAX));
  gilloc_gil_set_policy("interval");
}

static void test_counters_are_zero_without_a_gil(void **state)
{
  (void)state;
  if (GILLOC_HAS_GIL)
    skip();
  gilloc_thread_attach();
  gilloc_blocking_enter();
  gilloc_blocking_leave();
  gilloc_thread_detach();
  struct gilloc_gil_counters mine = gilloc_gil_thread_counters(), all = gilloc_gil_total_counters();
  EXPECT_EQ(mine.acquisitions | mine.holder_changes | mine.forced_drops | mine.waited_ns | mine.held_ns, 0);
  EXPECT_EQ(all.acquisitions | all.holder_changes | all.forced_drops | all.waited_ns | all.held_ns, 0);
}

static void test_acquisitions_count_only_when_the_gil_was_taken(void **state)
{
  (void)state;
  if (!GILLOC_HAS_GIL)
    skip();
  uint64_t before = gilloc_gil_thread_counters().acquisitions;
  gilloc_thread_attach();
  gilloc_gil_acquire();
  gilloc_gil_release();
  EXPECT_EQ(gilloc_gil_thread_counters().acquisitions - before, 1);
  for (unsigned i = 0; i < 4; i++) {
    gilloc_blocking_enter();
    gilloc_blocking_leave();
  }
  EXPECT_EQ(gilloc_gil_thread_counters().acquisitions - before, 5);
  gilloc_thread_detach();
  EXPECT_EQ(gilloc_gil_thread_counters().acquisitions - before, 5);
}

static void test_held_time_of_the_holder_counts_up_to_now(void **state)
{
  (void)state;
  if (!GILLOC_HAS_GIL)
    skip();
  uint64_t before = gilloc_gil_thread_counters().held_ns, all_before = gilloc_gil_total_counters().held_ns;
  uint64_t start = threads_now();
  gilloc_thread_attach();
  threads_work(threads_ms(10));
  uint64_t held = gilloc_gil_thread_counters().held_ns - before;
  uint64_t all_held = gilloc_gil_total_counters().held_ns - all_before;
  EXPECT_LE(threads_ms(10), held + THREADS_CLOCK_SLACK);
  EXPECT_LE(held, all_held);
  gilloc_thread_detach();
  all_held = gilloc_gil_total_counters().held_ns - all_before;
  uint64_t passed = threads_now() - start;
  EXPECT_LE(all_held, passed + THREADS_CLOCK_SLACK);
}

static void test_blocking_time_is_not_held_time(void **state)
{
  (void)state;
  if (!GILLOC_HAS_GIL)
    skip();
  gilloc_thread_attach();
  uint64_t before = gilloc_gil_thread_counters().held_ns, start = threads_now();
  gilloc_blocking_enter();
  threads_work(threads_ms(30));
  gilloc_blocking_leave();
  uint64_t held = gilloc_gil_thread_counters().held_ns - before, passed = threads_now() - start;
  EXPECT_LE(held + threads_ms(30), passed + THREADS_CLOCK_SLACK);
  gilloc_thread_detach();
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_interval_is_five_milliseconds_at_the_start),
      cmocka_unit_test_setup(test_attached_thread_holds_the_gil, begin),
      cmocka_unit_test_setup(test_thread_may_attach_again_after_detaching, begin),
      cmocka_unit_test_setup(test_acquire_nests_without_attachment, begin),
      cmocka_unit_test_setup(test_release_leaves_an_attached_thread_the_gil, begin),
      cmocka_unit_test_setup(test_blocking_region_is_without_the_gil, begin),
      cmocka_unit_test_setup(test_blocking_region_restores_the_nesting, begin),
      cmocka_unit_test_setup(test_acquire_works_inside_a_blocking_region, begin),
      cmocka_unit_test_setup(test_allocation_inside_a_blocking_region_takes_the_gil_for_the_call, begin),
      cmocka_unit_test_setup(test_allocation_of_an_unattached_thread_takes_the_gil_for_the_call, begin),
      cmocka_unit_test_setup(test_allocation_of_a_holder_does_not_take_the_gil_again, begin),
      cmocka_unit_test_setup(test_every_call_preserves_errno, begin),
      cmocka_unit_test_setup(test_interval_accepts_what_is_in_range_and_nothing_else, begin),
      cmocka_unit_test_setup(test_interval_may_be_set_by_the_holder, begin),
      cmocka_unit_test_setup(test_policy_is_chosen_by_name, begin),
      cmocka_unit_test_setup(test_every_listed_policy_may_be_chosen, begin),
      cmocka_unit_test_setup(test_counters_are_zero_without_a_gil, begin),
      cmocka_unit_test_setup(test_acquisitions_count_only_when_the_gil_was_taken, begin),
      cmocka_unit_test_setup(test_held_time_of_the_holder_counts_up_to_now, begin),
      cmocka_unit_test_setup(test_blocking_time_is_not_held_time, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
