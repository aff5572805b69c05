/* SPDX-License-Identifier: MIT
 *
 * bench_result.h: what became of one run.
 */
#ifndef GILLOC_BENCH_RESULT_H
#define GILLOC_BENCH_RESULT_H

#include <stdbool.h>
#include <stddef.h>

enum gilloc_bench_outcome {
  GILLOC_BENCH_MISSING, /* not run */
  GILLOC_BENCH_OK,
  GILLOC_BENCH_CRASHED,
  GILLOC_BENCH_HUNG,
  GILLOC_BENCH_BLOATED,
  GILLOC_BENCH_FAILED, /* it says itself that something was wrong */
  GILLOC_BENCH_WRONG   /* its result is not that of the other runs */
};

enum { GILLOC_BENCH_CHECKSUM = 64 };

struct gilloc_bench_result {
  enum gilloc_bench_outcome outcome;
  double seconds;
  double cpu_seconds;   /* user and system, of the whole process; NaN where not known */
  double peak_bytes;    /* NaN where not known */
  double settled_bytes; /* resident once everything was freed; NaN where not known */
  char checksum[GILLOC_BENCH_CHECKSUM + 1];
  char *detail; /* what was wrong, or NULL */
};

const char *gilloc_bench_outcome_name(enum gilloc_bench_outcome outcome);
/* Fills a result from what a run printed: a word and a figure a line. False where figures are missing. */
bool gilloc_bench_result_read(struct gilloc_bench_result *result, const char *output);

#endif
