/* SPDX-License-Identifier: MIT
 *
 * sample.c: medians, paired log ratios, and the percentile bootstrap.
 */
#include "sample.h"

#include "message.h"
#include "prng.h"

#include <math.h>
#include <stdlib.h>

static int compare_doubles(const void *a, const void *b)
{
  double left = *(const double *)a;
  double right = *(const double *)b;
  return (left > right) - (left < right);
}

static double median_of_sorted(const double *values, size_t count)
{
  if (count == 0)
    return NAN;
  return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

double gilloc_sample_median(double *values, size_t count)
{
  if (count > 1)
    qsort(values, count, sizeof *values, compare_doubles);
  return median_of_sorted(values, count);
}

/* The value below which `share` of the sorted values lie; the nearest rank, so it was really drawn. */
static double quantile_of_sorted(const double *values, size_t count, double share)
{
  size_t rank = (size_t)floor(share * (double)count);
  return values[rank < count ? rank : count - 1];
}

static void bootstrap(const double *logs, size_t count, struct gilloc_prng prng, struct gilloc_ratio *ratio)
{
  double *drawn = gilloc_message_need(calloc(count, sizeof *drawn));
  double *medians = gilloc_message_need(calloc(GILLOC_SAMPLE_RESAMPLES, sizeof *medians));
  for (size_t i = 0; i < GILLOC_SAMPLE_RESAMPLES; i++) {
    for (size_t j = 0; j < count; j++)
      drawn[j] = logs[gilloc_prng_below(&prng, (uint32_t)count)];
    medians[i] = gilloc_sample_median(drawn, count);
  }
  qsort(medians, GILLOC_SAMPLE_RESAMPLES, sizeof *medians, compare_doubles);
  ratio->low = exp(quantile_of_sorted(medians, GILLOC_SAMPLE_RESAMPLES, 0.025));
  ratio->high = exp(quantile_of_sorted(medians, GILLOC_SAMPLE_RESAMPLES, 0.975));
  free(drawn);
  free(medians);
}

struct gilloc_ratio gilloc_sample_ratio(double *logs, size_t count, uint64_t seed)
{
  struct gilloc_ratio ratio = {count, NAN, NAN, NAN};
  if (count == 0)
    return ratio;
  ratio.median = exp(gilloc_sample_median(logs, count));
  ratio.low = exp(logs[0]);
  ratio.high = exp(logs[count - 1]);
  if (count >= GILLOC_SAMPLE_CLAIM_PAIRS)
    bootstrap(logs, count, gilloc_prng_stream(seed, 0), &ratio);
  return ratio;
}

/* An interval that ends at 0.996 is printed as ending at 1.00, and is taken as it is printed. */
static const double half_a_percent = 0.005;

enum gilloc_finding gilloc_sample_finding(const struct gilloc_ratio *ratio)
{
  if (ratio->pairs == 0)
    return GILLOC_FINDING_NONE;
  if (ratio->pairs < GILLOC_SAMPLE_CLAIM_PAIRS)
    return GILLOC_FINDING_FEW;
  if (ratio->low >= 1 + half_a_percent)
    return GILLOC_FINDING_GREATER;
  return ratio->high <= 1 - half_a_percent ? GILLOC_FINDING_LESS : GILLOC_FINDING_SAME;
}
