/* SPDX-License-Identifier: MIT
 *
 * sample.h: the lab's arithmetic: medians, and ratios of paired runs with their spread. Nothing here
 * knows what was measured.
 *
 * A ratio is the median over rounds of log(a / b), a and b from the same round, turned back by exp. Its
 * spread is the bootstrap's 95 % interval of that median from GILLOC_SAMPLE_CLAIM_PAIRS pairs on, and the
 * smallest and largest pair below that. Even smallest..largest covers the true median only with
 * probability 1 - 2^(1 - pairs), so fewer pairs cannot carry a 95 % statement however close they lie.
 */
#ifndef GILLOC_LAB_SAMPLE_H
#define GILLOC_LAB_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GILLOC_SAMPLE_CLAIM_PAIRS = 6, GILLOC_SAMPLE_RESAMPLES = 4000 };

struct gilloc_ratio {
  size_t pairs;     /* 0: nothing was comparable, and the rest is NaN */
  double median;    /* of a / b */
  double low, high; /* its spread, see above */
};

enum gilloc_finding {
  GILLOC_FINDING_NONE,   /* nothing to compare */
  GILLOC_FINDING_FEW,    /* too few pairs to claim anything */
  GILLOC_FINDING_SAME,   /* the interval contains 1: no difference shown */
  GILLOC_FINDING_LESS,   /* the whole interval is below 1 */
  GILLOC_FINDING_GREATER /* the whole interval is above 1 */
};

/* Sorts `values` in place and returns their median; NaN for none. */
double gilloc_sample_median(double *values, size_t count);

/* The ratio of `count` pairs whose log ratios are `logs` (which it sorts). */
struct gilloc_ratio gilloc_sample_ratio(double *logs, size_t count, uint64_t seed);

/* What the ratio lets one say. */
enum gilloc_finding gilloc_sample_finding(const struct gilloc_ratio *ratio);

#endif
