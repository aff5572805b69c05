/* SPDX-License-Identifier: MIT
 *
 * The typed interface of the options: what the table promises, what is refused, and the callbacks. The
 * environment is looked at by conformance/conformance_options.py.
 */
#include "expect.h"

#include "options.h"

#include <errno.h>

static int64_t called_with;
static unsigned called;

static void note(int64_t value)
{
  called++;
  called_with = value;
}

static void test_every_option_has_a_name_and_a_default_in_its_range(void **state)
{
  (void)state;
  struct gilloc_option_range range;
  unsigned count = 0;
  for (; gilloc_options_range((enum gilloc_option)count, &range); count++) {
    EXPECT_TRUE(range.name && *range.name);
    EXPECT_TRUE(range.lowest <= range.initial && range.initial <= range.highest);
    EXPECT_TRUE(gilloc_options_get((enum gilloc_option)count) == range.initial);
  }
  EXPECT_LE(1, count);
  EXPECT_EQ(gilloc_options_set((enum gilloc_option)count, 0), EINVAL);
}

static void test_ends_of_the_range_are_taken_and_what_is_beyond_refused(void **state)
{
  (void)state;
  struct gilloc_option_range range;
  errno = 4711;
  for (unsigned i = 0; gilloc_options_range((enum gilloc_option)i, &range); i++) {
    enum gilloc_option option = (enum gilloc_option)i;
    EXPECT_EQ(gilloc_options_set(option, range.highest), 0);
    EXPECT_TRUE(gilloc_options_get(option) == range.highest);
    if (range.highest < INT64_MAX)
      EXPECT_EQ(gilloc_options_set(option, range.highest + 1), EINVAL);
    EXPECT_EQ(gilloc_options_set(option, range.lowest - 1), EINVAL);
    EXPECT_TRUE(gilloc_options_get(option) == range.highest);
    EXPECT_EQ(gilloc_options_set(option, range.initial), 0);
  }
  EXPECT_EQ(errno, 4711);
}

static void test_a_callback_hears_the_present_value_and_each_change(void **state)
{
  (void)state;
  gilloc_options_on_change(GILLOC_OPTION_STATS_AT_EXIT, note);
  EXPECT_EQ(called, 1);
  EXPECT_EQ(called_with, 0);
  gilloc_options_set(GILLOC_OPTION_STATS_AT_EXIT, 1);
  EXPECT_EQ(called, 2);
  EXPECT_EQ(called_with, 1);
  gilloc_options_set(GILLOC_OPTION_STATS_AT_EXIT, 2);
  EXPECT_EQ(called, 2);
  gilloc_options_set(GILLOC_OPTION_STATS_AT_EXIT, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_option_has_a_name_and_a_default_in_its_range),
      cmocka_unit_test(test_ends_of_the_range_are_taken_and_what_is_beyond_refused),
      cmocka_unit_test(test_a_callback_hears_the_present_value_and_each_change),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
