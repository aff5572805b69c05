/* SPDX-License-Identifier: MIT
 *
 * histogram.c: see histogram.h. Bucket number = doubling above the exact range, then the next 7 bits of
 * the value below its highest one.
 */
#include "histogram.h"

#include <math.h>

enum { PER_DOUBLING = 1 << GILLOC_HISTOGRAM_BITS };

static unsigned bucket_of(uint64_t value)
{
  if (value < PER_DOUBLING)
    return (unsigned)value;
  unsigned shift = 63u - (unsigned)__builtin_clzll(value) - GILLOC_HISTOGRAM_BITS;
  return shift * PER_DOUBLING + (unsigned)(value >> shift);
}

static uint64_t last_value_of(unsigned bucket)
{
  if (bucket < PER_DOUBLING)
    return bucket;
  unsigned shift = bucket / PER_DOUBLING - 1;
  uint64_t first = (uint64_t)(bucket % PER_DOUBLING + PER_DOUBLING) << shift;
  return first + ((UINT64_C(1) << shift) - 1);
}

void gilloc_histogram_record(struct gilloc_histogram *histogram, uint64_t value)
{
  histogram->count++;
  histogram->sum += value;
  if (value > histogram->max)
    histogram->max = value;
  histogram->buckets[bucket_of(value)]++;
}

uint64_t gilloc_histogram_percentile(const struct gilloc_histogram *histogram, double fraction)
{
  uint64_t wanted = (uint64_t)ceil(fraction * (double)histogram->count);
  if (wanted == 0)
    wanted = 1;
  uint64_t seen = 0;
  for (unsigned bucket = 0; bucket < GILLOC_HISTOGRAM_BUCKETS; bucket++) {
    seen += histogram->buckets[bucket];
    if (seen >= wanted) {
      uint64_t last = last_value_of(bucket);
      return last < histogram->max ? last : histogram->max;
    }
  }
  return histogram->max;
}

uint64_t gilloc_histogram_mean(const struct gilloc_histogram *histogram)
{
  return histogram->count == 0 ? 0 : histogram->sum / histogram->count;
}
