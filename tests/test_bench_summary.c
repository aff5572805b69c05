/* SPDX-License-Identifier: MIT
 *
 * The bench's figures against examples worked by hand: medians, paired ratios and their intervals, geometric
 * means, which run counts and who is best.
 */
/* flavours: none */
/* link: gilloc-bench-statistics gilloc-bench-sample m */
#include "../stress/bench/bench_summary.h"
#include "expect.h"

#include <math.h>
#include <stdlib.h>

enum { ROWS = 2, ALLOCATORS = 3, ROUNDS = 7, RESULTS = ROWS * ALLOCATORS * ROUNDS };

static char ours[] = "fine", libc[] = "libc", peer[] = "peer", first[] = "first", second[] = "second",
            path[] = "/lib/x";
static struct gilloc_bench_allocator allocators[ALLOCATORS] = {
    {ours, path, true}, {libc, NULL, false}, {peer, path, false}};
static struct gilloc_bench_row rows[ROWS] = {{first, first, GILLOC_BENCH_SINGLE, 1, NULL},
                                             {second, second, GILLOC_BENCH_LARGE, 2, NULL}};
static struct gilloc_bench_suite suite = {rows, ROWS};
static struct gilloc_bench_peers peers = {allocators, ALLOCATORS};
static struct gilloc_bench_options options;
static struct gilloc_bench_result results[RESULTS];
static struct gilloc_bench_measurement measurement;

/* All runs good, of 1 s and 1 MB. */
static int begin(void **state)
{
  (void)state;
  options = (struct gilloc_bench_options){.rounds = ROUNDS, .seed = 1};
  measurement = (struct gilloc_bench_measurement){
      .options = &options, .suite = &suite, .peers = &peers, .results = results, .rounds_done = ROUNDS};
  for (size_t i = 0; i < RESULTS; i++)
    results[i] = (struct gilloc_bench_result){GILLOC_BENCH_OK, 1, 1, 1e6, 1e6, "same", NULL};
  return 0;
}

static struct gilloc_bench_result *at(size_t row, size_t allocator, size_t round)
{
  return gilloc_bench_result_at(&measurement, (size_t[]){row, allocator, round});
}

static void set_seconds(size_t row, size_t allocator, const double *seconds)
{
  for (size_t round = 0; round < ROUNDS; round++)
    at(row, allocator, round)->seconds = seconds[round];
}

static void set_all(size_t row, size_t allocator, double seconds)
{
  for (size_t round = 0; round < ROUNDS; round++)
    at(row, allocator, round)->seconds = seconds;
}

static void expect_near(double got, double wanted)
{
  if (!(fabs(got - wanted) <= 1e-9 * fabs(wanted)))
    fail_msg("%.12g is not %.12g", got, wanted);
}

static void test_median_of_an_odd_number_is_the_middle_one(void **state)
{
  (void)state;
  expect_near(gilloc_sample_median((double[]){3, 1, 2}, 3), 2);
}

static void test_median_of_an_even_number_lies_between_the_middle_two(void **state)
{
  (void)state;
  expect_near(gilloc_sample_median((double[]){4, 1, 2, 3}, 4), 2.5);
}

static void test_median_of_nothing_is_no_number(void **state)
{
  (void)state;
  EXPECT_EQ(isnan(gilloc_sample_median(NULL, 0)) != 0, 1);
}

/* A draw of 7 from 7 has its median at the lowest with probability 0.0106, at the two lowest with 0.0987
 * (binomial, 4 or more of 7 hits with p = 1/7 and 2/7). So the 2.5 % point is the second lowest; above
 * likewise. */
static void test_interval_of_seven_rounds_goes_from_second_to_sixth(void **state)
{
  (void)state;
  set_seconds(0, 0, (double[]){0.7, 0.1, 0.6, 0.2, 0.5, 0.3, 0.4});
  struct gilloc_bench_summary summary = gilloc_bench_summary_make(&measurement);
  const struct gilloc_ratio *ratio = &gilloc_bench_summary_cell(&summary, 0, 1)->ratio[GILLOC_BENCH_TIME];
  EXPECT_EQ(ratio->pairs, ROUNDS);
  expect_near(ratio->median, 0.4);
  expect_near(ratio->low, 0.2);
  expect_near(ratio->high, 0.6);
  gilloc_bench_summary_fini(&summary);
}

static void test_interval_of_few_rounds_is_their_whole_range(void **state)
{
  (void)state;
  options.rounds = 3;
  at(0, 0, 0)->seconds = 2;
  at(0, 0, 1)->seconds = 0.5;
  struct gilloc_bench_summary summary = gilloc_bench_summary_make(&measurement);
  const struct gilloc_ratio *ratio = &gilloc_bench_summary_cell(&summary, 0, 1)->ratio[GILLOC_BENCH_TIME];
  expect_near(ratio->median, 1);
  expect_near(ratio->low, 0.5);
  expect_near(ratio->high, 2);
  EXPECT_EQ(gilloc_sample_finding(ratio), GILLOC_FINDING_FEW);
  gilloc_bench_summary_fini(&summary);
}

static void test_slow_rounds_cancel_within_their_pairs(void **state)
{
  (void)state;
  set_seconds(0, 0, (double[]){1, 10, 3, 0.5, 7, 2, 4});
  set_seconds(0, 1, (double[]){2, 20, 6, 1, 14, 4, 8});
  struct gilloc_bench_summary summary = gilloc_bench_summary_make(&measurement);
  const struct gilloc_ratio *ratio = &gilloc_bench_summary_cell(&summary, 0, 1)->ratio[GILLOC_BENCH_TIME];
  expect_near(ratio->median, 0.5);
  expect_near(ratio->low, 0.5);
  expect_near(ratio->high, 0.5);
  gilloc_bench_summary_fini(&summary);
}

static void test_means_are_geometric_and_by_group(void **state)
{
  (void)state;
  set_all(0, 0, 0.5);
  set_all(1, 0, 8);
  struct gilloc_bench_summary summary = gilloc_bench_summary_make(&measurement);
  struct gilloc_bench_mean all =
      gilloc_bench_summary_mean(&summary, GILLOC_BENCH_TIME, GILLOC_BENCH_GROUPS, 1);
  EXPECT_EQ(all.rows, 2);
  expect_near(all.ratio, 2);
  expect_near(gilloc_bench_summary_mean(&summary, GILLOC_BENCH_TIME, GILLOC_BENCH_SINGLE, 1).ratio, 0.5);
  expect_near(gilloc_bench_summary_mean(&summary, GILLOC_BENCH_TIME, GILLOC_BENCH_LARGE, 1).ratio, 8);
  EXPECT_EQ(gilloc_bench_summary_mean(&summary, GILLOC_BENCH_TIME, GILLOC_BENCH_PROGRAMS, 1).rows, 0);
  gilloc_bench_summary_fini(&summary);
}

static void test_mean_by_the_best_takes_each_rows_best(void **state)
{
  (void)state;
  set_all(0, 1, 0.5);   /* ours is 2 of the C library's */
  set_all(1, 2, 0.125); /* and 8 of the peer's */
  struct gilloc_bench_summary summary = gilloc_bench_summary_make(&measurement);
  EXPECT_EQ(summary.best[0], 1);
  EXPECT_EQ(summary.best[1], 2);
  struct gilloc_bench_mean mean =
      gilloc_bench_summary_mean(&summary, GILLOC_BENCH_TIME, GILLOC_BENCH_GROUPS, GILLOC_BENCH_NOBODY);
  expect_near(mean.ratio, 4);
  EXPECT_EQ(gilloc_bench_summary_is_lost(&summary, 0), true);
  gilloc_bench_summary_fini(&summary);
}

static void test_row_is_lost_only_where_the_whole_interval_is_above_one(void **state)
{
  (void)state;
  set_seconds(0, 0, (double[]){0.9, 0.95, 1.1, 1.2, 1.2, 1.3, 1.3});
  set_seconds(1, 0, (double[]){1.02, 1.1, 1.1, 1.2, 1.2, 1.3, 1.3});
  struct gilloc_bench_summary summary = gilloc_bench_summary_make(&measurement);
  EXPECT_EQ(gilloc_bench_summary_is_lost(&summary, 0), false);
  EXPECT_EQ(gilloc_bench_summary_is_lost(&summary, 1), true);
  gilloc_bench_summary_fini(&summary);
}

static void test_failed_run_leaves_its_pair_out(void **state)
{
  (void)state;
  at(0, 0, 3)->outcome = GILLOC_BENCH_CRASHED;
  at(0, 0, 3)->seconds = 100;
  struct gilloc_bench_summary summary = gilloc_bench_summary_make(&measurement);
  const struct gilloc_bench_cell *cell = gilloc_bench_summary_cell(&summary, 0, 0);
  EXPECT_EQ(cell->good, ROUNDS - 1);
  EXPECT_EQ(cell->bad, 1);
  EXPECT_EQ(gilloc_bench_summary_cell(&summary, 0, 1)->ratio[GILLOC_BENCH_TIME].pairs, ROUNDS - 1);
  expect_near(gilloc_bench_summary_cell(&summary, 0, 1)->ratio[GILLOC_BENCH_TIME].high, 1);
  EXPECT_EQ(summary.verified, false);
  gilloc_bench_summary_fini(&summary);
}

static void test_peer_with_a_bad_run_is_not_the_best(void **state)
{
  (void)state;
  set_all(0, 2, 0.01);
  at(0, 2, 6)->outcome = GILLOC_BENCH_WRONG;
  struct gilloc_bench_summary summary = gilloc_bench_summary_make(&measurement);
  EXPECT_EQ(summary.best[0], 1);
  gilloc_bench_summary_fini(&summary);
}

static void test_result_that_differs_from_the_c_librarys_is_wrong(void **state)
{
  (void)state;
  for (size_t allocator = 0; allocator < ALLOCATORS; allocator += 2)
    (void)strcpy(at(1, allocator, 5)->checksum, "other");
  gilloc_bench_summary_compare_checksums(&measurement);
  EXPECT_EQ(at(1, 0, 5)->outcome, GILLOC_BENCH_WRONG);
  EXPECT_EQ(at(1, 2, 5)->outcome, GILLOC_BENCH_WRONG);
  EXPECT_EQ(at(1, 1, 5)->outcome, GILLOC_BENCH_OK);
  EXPECT_EQ(at(0, 0, 5)->outcome, GILLOC_BENCH_OK);
  free(at(1, 0, 5)->detail);
  free(at(1, 2, 5)->detail);
}

static void test_figures_are_read_from_what_a_run_printed(void **state)
{
  (void)state;
  struct gilloc_bench_result result = {0};
  EXPECT_EQ(
      gilloc_bench_result_read(&result, "wall 9\ncpu 0.5\nseconds 0.25\nchecksum abc\npeak_bytes 4096\n"),
      true);
  expect_near(result.seconds, 0.25);
  expect_near(result.cpu_seconds, 0.5);
  expect_near(result.peak_bytes, 4096);
  EXPECT_EQ(isnan(result.settled_bytes) != 0, 1);
  EXPECT_EQ(strcmp(result.checksum, "abc"), 0);
}

static void test_run_without_time_or_checksum_is_not_read(void **state)
{
  (void)state;
  struct gilloc_bench_result result = {0};
  EXPECT_EQ(gilloc_bench_result_read(&result, "seconds 0.25\n"), false);
  EXPECT_EQ(gilloc_bench_result_read(&result, "checksum abc\n"), false);
  EXPECT_EQ(gilloc_bench_result_read(&result, "seconds nan\nchecksum abc\n"), false);
  EXPECT_EQ(gilloc_bench_result_read(&result, "seconds 0\nchecksum abc\n"), false);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_median_of_an_odd_number_is_the_middle_one),
      cmocka_unit_test(test_median_of_an_even_number_lies_between_the_middle_two),
      cmocka_unit_test(test_median_of_nothing_is_no_number),
      cmocka_unit_test_setup(test_interval_of_seven_rounds_goes_from_second_to_sixth, begin),
      cmocka_unit_test_setup(test_interval_of_few_rounds_is_their_whole_range, begin),
      cmocka_unit_test_setup(test_slow_rounds_cancel_within_their_pairs, begin),
      cmocka_unit_test_setup(test_means_are_geometric_and_by_group, begin),
      cmocka_unit_test_setup(test_mean_by_the_best_takes_each_rows_best, begin),
      cmocka_unit_test_setup(test_row_is_lost_only_where_the_whole_interval_is_above_one, begin),
      cmocka_unit_test_setup(test_failed_run_leaves_its_pair_out, begin),
      cmocka_unit_test_setup(test_peer_with_a_bad_run_is_not_the_best, begin),
      cmocka_unit_test_setup(test_result_that_differs_from_the_c_librarys_is_wrong, begin),
      cmocka_unit_test(test_figures_are_read_from_what_a_run_printed),
      cmocka_unit_test(test_run_without_time_or_checksum_is_not_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
