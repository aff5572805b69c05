/* SPDX-License-Identifier: MIT
 *
 * summary.c: medians and paired ratios of a measurement.
 */
#include "summary.h"

#include "message.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The median of one figure, given by its place in the result, over a cell's good runs. */
static double median_of(const struct gilloc_measurement *measurement, size_t cell, size_t place)
{
  double *values = gilloc_message_need(calloc(measurement->schedule->rounds, sizeof *values));
  size_t count = 0;
  for (unsigned round = 0; round < measurement->rounds_done; round++) {
    const struct gilloc_result *result = gilloc_measure_result(measurement, cell, round);
    double value;
    memcpy(&value, (const char *)result + place, sizeof value);
    if (result->outcome == GILLOC_OUTCOME_OK && !isnan(value))
      values[count++] = value;
  }
  double median = gilloc_sample_median(values, count);
  free(values);
  return median;
}

#define MEDIAN(figure) median_of(measurement, row->cell, offsetof(struct gilloc_result, figure))

static void count_runs(const struct gilloc_measurement *measurement, struct gilloc_row *row)
{
  for (unsigned round = 0; round < measurement->rounds_done; round++) {
    const struct gilloc_result *result = gilloc_measure_result(measurement, row->cell, round);
    if (result->outcome == GILLOC_OUTCOME_OK) {
      row->good++;
      row->lost += result->latency.lost;
      row->max = fmax(row->max, result->latency.max);
      continue;
    }
    if (result->outcome == GILLOC_OUTCOME_MISSING)
      continue;
    if (row->bad++ == 0) {
      row->worst = result->outcome;
      row->detail = result->detail ? result->detail : "";
    }
  }
}

/* A percentile of so few requests that less than GILLOC_BEYOND lie beyond it is not shown. */
static double if_enough(double value, double requests, double share_beyond)
{
  return requests * share_beyond >= GILLOC_BEYOND ? value : NAN;
}

static void fill_row(const struct gilloc_measurement *measurement, struct gilloc_row *row)
{
  row->worst = GILLOC_OUTCOME_OK;
  row->detail = "";
  row->max = -1;
  count_runs(measurement, row);
  row->throughput = MEDIAN(throughput);
  row->waited_share = MEDIAN(waited_share);
  row->switches = MEDIAN(switches);
  row->evenness = MEDIAN(evenness);
  row->peak_bytes = MEDIAN(peak_bytes);
  row->requests = MEDIAN(latency.count);
  /* A median of medians rests on all rounds' requests; the tail of a run on its own. */
  row->p50 = if_enough(MEDIAN(latency.p50), row->requests * row->good, 0.5);
  row->p99 = if_enough(MEDIAN(latency.p99), row->requests, 0.01);
  if (!(row->requests > 0))
    row->max = NAN;
}

int gilloc_summary_find(const struct gilloc_summary *summary, enum gilloc_workload_id workload,
                        const char *row, unsigned threads)
{
  const struct gilloc_schedule *schedule = summary->measurement->schedule;
  for (size_t i = 0; i < schedule->count; i++) {
    const struct gilloc_cell *cell = &schedule->cells[i];
    if (cell->workload == workload && cell->threads == threads && strcmp(cell->row, row) == 0 &&
        summary->rows[i].good > 0)
      return (int)i;
  }
  return GILLOC_NO_CELL;
}

/* none with 1 thread where it ran; else the first row, in the order asked for, with the fewest threads. */
static int find_baseline(const struct gilloc_summary *summary, enum gilloc_workload_id workload)
{
  const struct gilloc_schedule *schedule = summary->measurement->schedule;
  int best = gilloc_summary_find(summary, workload, "none", 1);
  for (size_t i = 0; i < schedule->count; i++) {
    if (schedule->cells[i].workload != workload || summary->rows[i].good == 0)
      continue;
    bool better = best == GILLOC_NO_CELL || (schedule->cells[i].threads < schedule->cells[best].threads &&
                                             strcmp(schedule->cells[best].row, "none") != 0);
    if (better)
      best = (int)i;
  }
  return best;
}

static double figure(const struct gilloc_result *result, enum gilloc_measure measure)
{
  if (result->outcome != GILLOC_OUTCOME_OK)
    return NAN;
  return measure == GILLOC_MEASURE_P50 ? result->latency.p50 : result->throughput;
}

struct gilloc_ratio gilloc_summary_compare(const struct gilloc_summary *summary, enum gilloc_measure measure,
                                           const size_t cells[2])
{
  const struct gilloc_measurement *measurement = summary->measurement;
  double *logs = gilloc_message_need(calloc(measurement->schedule->rounds, sizeof *logs));
  size_t count = 0;
  for (unsigned round = 0; round < measurement->rounds_done; round++) {
    double a = figure(gilloc_measure_result(measurement, cells[0], round), measure);
    double b = figure(gilloc_measure_result(measurement, cells[1], round), measure);
    if (a > 0 && b > 0)
      logs[count++] = log(a / b);
  }
  /* A seed of its own for each pair of cells: other rows in the lab do not change this one's interval. */
  uint64_t seed = measurement->options->seed ^ (cells[0] << 40) ^ (cells[1] << 20) ^ measure;
  struct gilloc_ratio ratio = gilloc_sample_ratio(logs, count, seed);
  free(logs);
  return ratio;
}

struct gilloc_summary gilloc_summary_make(const struct gilloc_measurement *measurement)
{
  const struct gilloc_schedule *schedule = measurement->schedule;
  struct gilloc_summary summary = {.measurement = measurement, .verified = true};
  summary.rows = gilloc_message_need(calloc(schedule->count, sizeof *summary.rows));
  for (size_t i = 0; i < schedule->count; i++) {
    summary.rows[i].cell = i;
    fill_row(measurement, &summary.rows[i]);
    summary.verified = summary.verified && summary.rows[i].bad == 0;
  }
  for (enum gilloc_workload_id workload = 0; workload < GILLOC_WORKLOADS; workload++)
    summary.baselines[workload] = find_baseline(&summary, workload);
  for (size_t i = 0; i < schedule->count; i++) {
    int baseline = summary.baselines[schedule->cells[i].workload];
    summary.rows[i].is_baseline = baseline == (int)i;
    if (baseline == GILLOC_NO_CELL)
      summary.rows[i].ratio = gilloc_sample_ratio(NULL, 0, 0);
    else
      summary.rows[i].ratio =
          gilloc_summary_compare(&summary, GILLOC_MEASURE_THROUGHPUT, (size_t[]){i, (size_t)baseline});
  }
  return summary;
}

void gilloc_summary_fini(struct gilloc_summary *summary)
{
  free(summary->rows);
}
