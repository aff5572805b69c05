/* SPDX-License-Identifier: MIT
 *
 * The text of GILLOC_OPTIONS on a table of the test's own: every kind of value, what is refused, and what is
 * said about it.
 */
/* flavours: fine */
#include "expect.h"

#include "option_text.h"

#include <stdio.h>
#include <unistd.h>

enum { SIZE, TIME, SWITCH, OPTIONS };

static const struct gilloc_option_row rows[OPTIONS] = {
    [SIZE] = {{"size", 0, INT64_MAX, 11}, true, "bytes"},
    [TIME] = {{"time", -1, 1000, 22}, false, "-1 to 1000"},
    [SWITCH] = {{"switch", 0, 1, 0}, false, "0 or 1"},
};

static const struct gilloc_option_table table = {rows, OPTIONS};

/* What a reading gave, and what it said on stderr. */
struct reading {
  int64_t values[OPTIONS];
  char said[600];
};

static struct reading read_text(const char *text)
{
  struct reading reading = {.values = {11, 22, 0}};
  int ends[2], kept = dup(STDERR_FILENO);
  EXPECT_EQ(pipe(ends), 0);
  dup2(ends[1], STDERR_FILENO);
  gilloc_option_text_read(&table, text, reading.values);
  dup2(kept, STDERR_FILENO);
  close(ends[1]);
  EXPECT_LE(0, read(ends[0], reading.said, sizeof reading.said - 1));
  close(ends[0]);
  close(kept);
  return reading;
}

static void test_good_values_are_taken_in_silence(void **state)
{
  (void)state;
  struct reading reading = read_text("size=4096,time=-1,switch=1");
  EXPECT_EQ(reading.values[SIZE], 4096);
  EXPECT_EQ(reading.values[TIME], -1);
  EXPECT_EQ(reading.values[SWITCH], 1);
  EXPECT_STREQ(reading.said, "");
}

static void test_sizes_take_suffixes(void **state)
{
  (void)state;
  EXPECT_EQ(read_text("size=3k").values[SIZE], 3 << 10);
  EXPECT_EQ(read_text("size=3M").values[SIZE], 3 << 20);
  EXPECT_EQ(read_text("size=3g").values[SIZE], INT64_C(3) << 30);
  EXPECT_EQ(read_text("size=3T").values[SIZE], INT64_C(3) << 40);
  EXPECT_EQ(read_text("size=9223372036854775807").values[SIZE], INT64_MAX);
}

static void test_bad_values_leave_the_default(void **state)
{
  (void)state;
  static const char *const bad[] = {"size=",   "size=k",    "size=-1",   "size=1kk",
                                    "size=x",  "size",      "size=0x10", "size=9223372036854775808",
                                    "size= 1", "size=16e",  "size=1 ",   "size=9007199254740992k",
                                    "size==1", "size=1\n",  "size=+1",   "size=99999999999999999999",
                                    "size=-",  "size=1.5k", "size=-0k-", "size=8388608t"};
  for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct reading reading = read_text(bad[i]);
    if (reading.values[SIZE] != 11)
      print_error("%s\n", bad[i]);
    EXPECT_EQ(reading.values[SIZE], 11);
    EXPECT_TRUE(strstr(reading.said, "no value of size, which takes bytes; its default stays\n") != NULL);
  }
}

static void test_range_and_suffix_belong_to_the_row(void **state)
{
  (void)state;
  EXPECT_EQ(read_text("time=1000").values[TIME], 1000);
  EXPECT_EQ(read_text("time=1001").values[TIME], 22);
  EXPECT_EQ(read_text("time=-2").values[TIME], 22);
  EXPECT_EQ(read_text("time=1k").values[TIME], 22);
  EXPECT_STREQ(read_text("time=1k").said,
               "gilloc: GILLOC_OPTIONS: '1k' is no value of time, which takes -1 to "
               "1000; its default stays\n");
}

static void test_an_unknown_name_is_told_with_the_known_ones(void **state)
{
  (void)state;
  struct reading reading = read_text("sizes=1,switch=1");
  EXPECT_EQ(reading.values[SIZE], 11);
  EXPECT_EQ(reading.values[SWITCH], 1);
  EXPECT_STREQ(reading.said,
               "gilloc: GILLOC_OPTIONS: there is no option 'sizes'; there are size, time, switch\n");
}

static void test_each_bad_item_has_its_line(void **state)
{
  (void)state;
  EXPECT_STREQ(read_text("a=1,switch=2").said,
               "gilloc: GILLOC_OPTIONS: there is no option 'a'; there are size, time, switch\n"
               "gilloc: GILLOC_OPTIONS: '2' is no value of switch, which takes 0 or 1; its default stays\n");
}

static void test_the_last_of_two_counts_and_empty_items_do_not(void **state)
{
  (void)state;
  struct reading reading = read_text(",,switch=0,,switch=1,size=5,size=no,");
  EXPECT_EQ(reading.values[SWITCH], 1);
  EXPECT_EQ(reading.values[SIZE], 11);
  EXPECT_STREQ(read_text("").said, "");
}

static void test_long_words_are_cut(void **state)
{
  (void)state;
  char text[500];
  memset(text, 'a', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  EXPECT_TRUE(strstr(read_text(text).said, "; there are size, time, switch\n") != NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_good_values_are_taken_in_silence),
      cmocka_unit_test(test_sizes_take_suffixes),
      cmocka_unit_test(test_bad_values_leave_the_default),
      cmocka_unit_test(test_range_and_suffix_belong_to_the_row),
      cmocka_unit_test(test_an_unknown_name_is_told_with_the_known_ones),
      cmocka_unit_test(test_each_bad_item_has_its_line),
      cmocka_unit_test(test_the_last_of_two_counts_and_empty_items_do_not),
      cmocka_unit_test(test_long_words_are_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
