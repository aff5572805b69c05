/* SPDX-License-Identifier: MIT
 *
 * test_rank.c: the lock law of debug builds: guards are entered downwards only. */
/* flavours: none gil fine */
#include "expect.h"
#include "threads.h"

#include "rank.h"

static void test_no_guard_is_held_at_the_start(void **state)
{
  (void)state;
  EXPECT_EQ(gilloc_rank_held(), 0);
}

static void test_guards_are_counted_in_debug_builds(void **state)
{
  (void)state;
  if (!GILLOC_DEBUG)
    skip();
  gilloc_rank_push(GILLOC_RANK_LARGE);
  EXPECT_EQ(gilloc_rank_held(), 1);
  gilloc_rank_push(GILLOC_RANK_CENTRAL + 5);
  EXPECT_EQ(gilloc_rank_held(), 2);
  gilloc_rank_push(GILLOC_RANK_GROUND);
  EXPECT_EQ(gilloc_rank_held(), 3);
  gilloc_rank_pop(GILLOC_RANK_GROUND);
  gilloc_rank_pop(GILLOC_RANK_CENTRAL + 5);
  EXPECT_EQ(gilloc_rank_held(), 1);
  gilloc_rank_pop(GILLOC_RANK_LARGE);
  EXPECT_EQ(gilloc_rank_held(), 0);
}

static void test_a_rank_may_be_entered_again_after_it_was_left(void **state)
{
  (void)state;
  if (!GILLOC_DEBUG)
    skip();
  for (unsigned i = 0; i < 100; i++) {
    gilloc_rank_push(GILLOC_RANK_GROUND);
    gilloc_rank_pop(GILLOC_RANK_GROUND);
    gilloc_rank_push(GILLOC_RANK_CENTRAL);
    gilloc_rank_pop(GILLOC_RANK_CENTRAL);
  }
  EXPECT_EQ(gilloc_rank_held(), 0);
}

/* As the preparation of a fork does: every class' guard, from the last to the first, and the ground. */
static void test_all_classes_may_be_held_at_once_when_entered_downwards(void **state)
{
  (void)state;
  if (!GILLOC_DEBUG)
    skip();
  for (unsigned c = 64; c-- > 0;)
    gilloc_rank_push(GILLOC_RANK_CENTRAL + c);
  gilloc_rank_push(GILLOC_RANK_GROUND);
  EXPECT_EQ(gilloc_rank_held(), 65);
  gilloc_rank_pop(GILLOC_RANK_GROUND);
  for (unsigned c = 0; c < 64; c++)
    gilloc_rank_pop(GILLOC_RANK_CENTRAL + c);
  EXPECT_EQ(gilloc_rank_held(), 0);
}

static void *expect_nothing_held(void *argument)
{
  (void)argument;
  COUNT_UNLESS(gilloc_rank_held() == 0);
  if (GILLOC_DEBUG) {
    gilloc_rank_push(GILLOC_RANK_LARGE);
    COUNT_UNLESS(gilloc_rank_held() == 1);
    gilloc_rank_pop(GILLOC_RANK_LARGE);
  }
  return NULL;
}

static void test_each_thread_has_its_own_account(void **state)
{
  (void)state;
  if (GILLOC_DEBUG)
    gilloc_rank_push(GILLOC_RANK_GROUND);
  threads_run(2, expect_nothing_held, NULL);
  if (GILLOC_DEBUG)
    gilloc_rank_pop(GILLOC_RANK_GROUND);
  EXPECT_EQ(test_failures, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_no_guard_is_held_at_the_start, threads_begin),
      cmocka_unit_test_setup(test_guards_are_counted_in_debug_builds, threads_begin),
      cmocka_unit_test_setup(test_a_rank_may_be_entered_again_after_it_was_left, threads_begin),
      cmocka_unit_test_setup(test_all_classes_may_be_held_at_once_when_entered_downwards, threads_begin),
      cmocka_unit_test_setup(test_each_thread_has_its_own_account, threads_begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
