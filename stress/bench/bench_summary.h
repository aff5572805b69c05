/* SPDX-License-Identifier: MIT
 *
 * bench_summary.h: runs turned into ratios. A ratio is that of the judged allocator (the first) to another:
 * below 1 it is faster or smaller. It is the median over rounds of runs of the same round, with the 95 %
 * interval of sample.h.
 */
#ifndef GILLOC_BENCH_SUMMARY_H
#define GILLOC_BENCH_SUMMARY_H

#include "bench_measure.h"
#include "sample.h"

enum gilloc_bench_measure {
  GILLOC_BENCH_TIME,
  GILLOC_BENCH_CPU,
  GILLOC_BENCH_PEAK,
  GILLOC_BENCH_SETTLED,
  GILLOC_BENCH_MEASURES
};

enum { GILLOC_BENCH_NOBODY = -1 };

/* One allocator in one row. */
struct gilloc_bench_cell {
  unsigned good, bad;                               /* runs */
  const struct gilloc_bench_result *first_bad;      /* NULL if none */
  double median[GILLOC_BENCH_MEASURES];             /* of the good runs; NaN if none */
  struct gilloc_ratio ratio[GILLOC_BENCH_MEASURES]; /* judged / this one; of the judged itself nothing */
};

struct gilloc_bench_summary {
  const struct gilloc_bench_measurement *measurement;
  struct gilloc_bench_cell *cells; /* by row, allocator */
  int *best;     /* for each row the fastest allocator but the judged one, or GILLOC_BENCH_NOBODY */
  bool verified; /* every run */
};

/* Before the summary: turns a run whose checksum is not that of the C library's runs (where there are none:
 * of the first good run) into a wrong one. */
void gilloc_bench_summary_compare_checksums(struct gilloc_bench_measurement *measurement);
struct gilloc_bench_summary gilloc_bench_summary_make(const struct gilloc_bench_measurement *measurement);
const struct gilloc_bench_cell *gilloc_bench_summary_cell(const struct gilloc_bench_summary *summary,
                                                          size_t row, size_t allocator);
/* The whole interval lies above 1: the judged allocator is slower than the row's best. */
bool gilloc_bench_summary_is_lost(const struct gilloc_bench_summary *summary, size_t row);

struct gilloc_bench_mean {
  double ratio; /* geometric mean of the rows' medians; NaN where there are none */
  size_t rows;  /* in it */
};

/* Over the rows of a group, or of all where it is GILLOC_BENCH_GROUPS; against an allocator, or against each
 * row's best where it is GILLOC_BENCH_NOBODY. */
struct gilloc_bench_mean gilloc_bench_summary_mean(const struct gilloc_bench_summary *summary,
                                                   enum gilloc_bench_measure measure,
                                                   enum gilloc_bench_group group, int allocator);
void gilloc_bench_summary_fini(struct gilloc_bench_summary *summary);

#endif
