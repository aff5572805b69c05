/* SPDX-License-Identifier: MIT
 *
 * summary.h: a measurement turned into the rows of the report: medians over the rounds, and ratios of
 * runs of the same round. Only verified runs count; the others are counted.
 */
#ifndef GILLOC_LAB_SUMMARY_H
#define GILLOC_LAB_SUMMARY_H

#include "measure.h"
#include "sample.h"

enum {
  GILLOC_BEYOND = 10, /* samples that must lie beyond a percentile for it to be shown */
  GILLOC_NO_CELL = -1
};

struct gilloc_row {
  size_t cell;
  bool is_baseline;
  unsigned good, bad;        /* runs */
  enum gilloc_outcome worst; /* of the bad runs, the first one's outcome; OK if there is none */
  const char *detail;        /* and its reason */
  /* Medians over the good runs; NaN where there is nothing to say. */
  double throughput, p50, p99, waited_share, switches, evenness, peak_bytes;
  double max;                /* latency, of all runs */
  double requests, lost;     /* answered in a run (median), and unanswered in all */
  struct gilloc_ratio ratio; /* throughput to the baseline's */
};

struct gilloc_summary {
  const struct gilloc_measurement *measurement;
  struct gilloc_row *rows;         /* as the schedule's cells */
  int baselines[GILLOC_WORKLOADS]; /* cell, or GILLOC_NO_CELL where no run of the workload was good */
  bool verified;                   /* every run of every row */
};

struct gilloc_summary gilloc_summary_make(const struct gilloc_measurement *measurement);
void gilloc_summary_fini(struct gilloc_summary *summary);

enum gilloc_measure { GILLOC_MEASURE_THROUGHPUT, GILLOC_MEASURE_P50 };

/* The ratio a / b of two cells' runs, round by round. */
struct gilloc_ratio gilloc_summary_compare(const struct gilloc_summary *summary, enum gilloc_measure measure,
                                           const size_t cells[2]);

/* The cell of a row with this number of threads that has good runs, or GILLOC_NO_CELL. */
int gilloc_summary_find(const struct gilloc_summary *summary, enum gilloc_workload_id workload,
                        const char *row, unsigned threads);

#endif
