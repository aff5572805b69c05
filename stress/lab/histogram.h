/* SPDX-License-Identifier: MIT
 *
 * histogram.h: counts of 64-bit values in log-linear buckets: exact below 128, then 128 buckets a
 * doubling, so a percentile is never more than 1/128 above the true value. 58 KiB, no allocation, all
 * zero when empty. One thread owns it.
 *
 *   count == sum of buckets
 */
#ifndef GILLOC_LAB_HISTOGRAM_H
#define GILLOC_LAB_HISTOGRAM_H

#include <stdint.h>

enum {
  GILLOC_HISTOGRAM_BITS = 7,
  GILLOC_HISTOGRAM_BUCKETS = (64 - GILLOC_HISTOGRAM_BITS + 1) << GILLOC_HISTOGRAM_BITS
};

struct gilloc_histogram {
  uint64_t count;
  uint64_t sum;
  uint64_t max;
  uint64_t buckets[GILLOC_HISTOGRAM_BUCKETS];
};

void gilloc_histogram_record(struct gilloc_histogram *histogram, uint64_t value);

/* The smallest recorded value that at least `fraction` (0 to 1) of the values do not exceed, rounded up
 * to the end of its bucket but never over the maximum; 0 when empty. */
uint64_t gilloc_histogram_percentile(const struct gilloc_histogram *histogram, double fraction);

/* 0 when empty. */
uint64_t gilloc_histogram_mean(const struct gilloc_histogram *histogram);

#endif
