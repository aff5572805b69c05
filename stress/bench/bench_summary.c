/* SPDX-License-Identifier: MIT
 *
 * bench_summary.c: medians, paired ratios, geometric means.
 */
#include "bench_summary.h"

#include "message.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The checksum that the C library's runs agree on, else the first of any: what a row has to come to. */
static const char *expected_checksum(const struct gilloc_bench_measurement *measurement, size_t row)
{
  const char *expected = NULL;
  for (size_t allocator = 0; allocator < measurement->peers->count; allocator++) {
    bool is_libc = !measurement->peers->items[allocator].library;
    for (size_t round = 0; round < measurement->options->rounds; round++) {
      const struct gilloc_bench_result *result =
          gilloc_bench_result_at(measurement, (size_t[]){row, allocator, round});
      if (result->outcome == GILLOC_BENCH_OK && (!expected || is_libc))
        expected = result->checksum;
    }
  }
  return expected;
}

static void compare_row(struct gilloc_bench_measurement *measurement, size_t row)
{
  const char *expected = expected_checksum(measurement, row);
  size_t runs = measurement->peers->count * measurement->options->rounds;
  struct gilloc_bench_result *results = gilloc_bench_result_at(measurement, (size_t[]){row, 0, 0});
  for (size_t i = 0; i < runs; i++) {
    if (results[i].outcome != GILLOC_BENCH_OK || strcmp(results[i].checksum, expected) == 0)
      continue;
    results[i].outcome = GILLOC_BENCH_WRONG;
    results[i].detail =
        gilloc_message_format("its result is %s, that of the others is %s", results[i].checksum, expected);
  }
}

void gilloc_bench_summary_compare_checksums(struct gilloc_bench_measurement *measurement)
{
  for (size_t row = 0; row < measurement->suite->count; row++)
    compare_row(measurement, row);
}

static double figure(const struct gilloc_bench_result *result, enum gilloc_bench_measure measure)
{
  if (result->outcome != GILLOC_BENCH_OK)
    return NAN;
  switch (measure) {
  case GILLOC_BENCH_TIME:
    return result->seconds;
  case GILLOC_BENCH_CPU:
    return result->cpu_seconds;
  case GILLOC_BENCH_PEAK:
    return result->peak_bytes;
  default:
    return result->settled_bytes;
  }
}

static const struct gilloc_bench_result *runs(const struct gilloc_bench_measurement *measurement, size_t row,
                                              size_t allocator)
{
  return gilloc_bench_result_at(measurement, (size_t[]){row, allocator, 0});
}

static double median_of(const struct gilloc_bench_result *results, size_t rounds,
                        enum gilloc_bench_measure measure)
{
  double *values = gilloc_message_need(calloc(rounds, sizeof *values));
  size_t count = 0;
  for (size_t round = 0; round < rounds; round++) {
    double value = figure(&results[round], measure);
    if (!isnan(value))
      values[count++] = value;
  }
  double median = gilloc_sample_median(values, count);
  free(values);
  return median;
}

static struct gilloc_ratio compare(const struct gilloc_bench_measurement *measurement, size_t row,
                                   size_t allocator, enum gilloc_bench_measure measure)
{
  const struct gilloc_bench_result *ours = runs(measurement, row, 0);
  const struct gilloc_bench_result *theirs = runs(measurement, row, allocator);
  size_t rounds = measurement->options->rounds;
  double *logs = gilloc_message_need(calloc(rounds, sizeof *logs));
  size_t count = 0;
  for (size_t round = 0; round < rounds && allocator > 0; round++) {
    double a = figure(&ours[round], measure);
    double b = figure(&theirs[round], measure);
    if (a > 0 && b > 0)
      logs[count++] = log(a / b);
  }
  uint64_t seed = measurement->options->seed ^ (row << 40) ^ (allocator << 20) ^ measure;
  struct gilloc_ratio ratio = gilloc_sample_ratio(logs, count, seed);
  free(logs);
  return ratio;
}

static struct gilloc_bench_cell make_cell(const struct gilloc_bench_measurement *measurement, size_t row,
                                          size_t allocator)
{
  struct gilloc_bench_cell cell = {0};
  const struct gilloc_bench_result *results = runs(measurement, row, allocator);
  size_t rounds = measurement->options->rounds;
  for (size_t round = 0; round < rounds; round++) {
    enum gilloc_bench_outcome outcome = results[round].outcome;
    cell.good += outcome == GILLOC_BENCH_OK;
    if (outcome == GILLOC_BENCH_OK || outcome == GILLOC_BENCH_MISSING)
      continue;
    cell.bad++;
    cell.first_bad = cell.first_bad ? cell.first_bad : &results[round];
  }
  for (enum gilloc_bench_measure measure = 0; measure < GILLOC_BENCH_MEASURES; measure++) {
    cell.median[measure] = median_of(results, rounds, measure);
    cell.ratio[measure] = compare(measurement, row, allocator, measure);
  }
  return cell;
}

const struct gilloc_bench_cell *gilloc_bench_summary_cell(const struct gilloc_bench_summary *summary,
                                                          size_t row, size_t allocator)
{
  return &summary->cells[row * summary->measurement->peers->count + allocator];
}

/* Our own other flavours are no peers. An allocator with a bad run in the row does not count. */
static int find_best(const struct gilloc_bench_summary *summary, size_t row)
{
  const struct gilloc_bench_peers *peers = summary->measurement->peers;
  int best = GILLOC_BENCH_NOBODY;
  for (size_t i = 1; i < peers->count; i++) {
    const struct gilloc_bench_cell *cell = gilloc_bench_summary_cell(summary, row, i);
    if (peers->items[i].is_ours || cell->good == 0 || cell->bad > 0)
      continue;
    if (best == GILLOC_BENCH_NOBODY ||
        cell->median[GILLOC_BENCH_TIME] <
            gilloc_bench_summary_cell(summary, row, (size_t)best)->median[GILLOC_BENCH_TIME])
      best = (int)i;
  }
  return best;
}

struct gilloc_bench_summary gilloc_bench_summary_make(const struct gilloc_bench_measurement *measurement)
{
  size_t rows = measurement->suite->count;
  size_t allocators = measurement->peers->count;
  struct gilloc_bench_summary summary = {.measurement = measurement, .verified = true};
  summary.cells = gilloc_message_need(calloc(rows * allocators, sizeof *summary.cells));
  summary.best = gilloc_message_need(calloc(rows, sizeof *summary.best));
  for (size_t row = 0; row < rows; row++) {
    for (size_t i = 0; i < allocators; i++) {
      summary.cells[row * allocators + i] = make_cell(measurement, row, i);
      summary.verified = summary.verified && summary.cells[row * allocators + i].bad == 0;
    }
    summary.best[row] = find_best(&summary, row);
  }
  return summary;
}

bool gilloc_bench_summary_is_lost(const struct gilloc_bench_summary *summary, size_t row)
{
  if (summary->best[row] == GILLOC_BENCH_NOBODY)
    return false;
  const struct gilloc_bench_cell *cell = gilloc_bench_summary_cell(summary, row, (size_t)summary->best[row]);
  return gilloc_sample_finding(&cell->ratio[GILLOC_BENCH_TIME]) == GILLOC_FINDING_GREATER;
}

struct gilloc_bench_mean gilloc_bench_summary_mean(const struct gilloc_bench_summary *summary,
                                                   enum gilloc_bench_measure measure,
                                                   enum gilloc_bench_group group, int allocator)
{
  double sum = 0;
  size_t count = 0;
  const struct gilloc_bench_suite *suite = summary->measurement->suite;
  for (size_t row = 0; row < suite->count; row++) {
    int other = allocator == GILLOC_BENCH_NOBODY ? summary->best[row] : allocator;
    if ((group != GILLOC_BENCH_GROUPS && suite->rows[row].group != group) || other == GILLOC_BENCH_NOBODY)
      continue;
    const struct gilloc_ratio *ratio =
        &gilloc_bench_summary_cell(summary, row, (size_t)other)->ratio[measure];
    if (ratio->pairs == 0)
      continue;
    sum += log(ratio->median);
    count++;
  }
  return (struct gilloc_bench_mean){count ? exp(sum / (double)count) : NAN, count};
}

void gilloc_bench_summary_fini(struct gilloc_bench_summary *summary)
{
  free(summary->cells);
  free(summary->best);
}
