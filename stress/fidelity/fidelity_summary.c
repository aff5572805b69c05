/* SPDX-License-Identifier: MIT
 *
 * fidelity_summary.c: medians, spreads and ratios of the runs that fidelity_measure.c made. A pair is two
 * runs of one round that are both good and not zero.
 */
#include "fidelity_measure.h"

#include "message.h"

#include <math.h>
#include <stdlib.h>

static double value(const struct gilloc_fidelity_measurement *measurement, size_t cell, size_t row,
                    size_t round)
{
  return gilloc_fidelity_run_of(measurement, cell, (size_t[]){row, round})->value;
}

struct gilloc_fidelity_spread gilloc_fidelity_spread(const struct gilloc_fidelity_measurement *measurement,
                                                     size_t cell, size_t row)
{
  struct gilloc_fidelity_spread spread = {0, NAN, NAN, NAN};
  double *values = gilloc_message_need(calloc(measurement->options->rounds, sizeof *values));
  for (size_t round = 0; round < measurement->options->rounds; round++) {
    double one = value(measurement, cell, row, round);
    if (!isnan(one))
      values[spread.count++] = one;
  }
  spread.median = gilloc_sample_median(values, spread.count);
  if (spread.count > 0) {
    spread.least = values[0];
    spread.most = values[spread.count - 1];
  }
  free(values);
  return spread;
}

/* The ratio over the rounds of what `log_of` says of each; NaN leaves the round out. */
static struct gilloc_ratio gather(const struct gilloc_fidelity_measurement *measurement,
                                  const size_t cell_and_row[2],
                                  double (*log_of)(const struct gilloc_fidelity_measurement *, const size_t *,
                                                   size_t))
{
  size_t pairs = 0;
  double *logs = gilloc_message_need(calloc(measurement->options->rounds, sizeof *logs));
  for (size_t round = 0; round < measurement->options->rounds; round++) {
    double one = log_of(measurement, cell_and_row, round);
    if (isfinite(one))
      logs[pairs++] = one;
  }
  struct gilloc_ratio ratio = gilloc_sample_ratio(logs, pairs, measurement->options->seed);
  free(logs);
  return ratio;
}

static double log_of_ratio(const struct gilloc_fidelity_measurement *measurement, const size_t *place,
                           size_t round)
{
  if (measurement->python == GILLOC_FIDELITY_NO_ROW)
    return NAN;
  return log(value(measurement, place[0], place[1], round) /
             value(measurement, place[0], (size_t)measurement->python, round));
}

static double log_of_loss(const struct gilloc_fidelity_measurement *measurement, const size_t *place,
                          size_t round)
{
  return log(value(measurement, gilloc_fidelity_cell_unloaded(place[0]), place[1], round) /
             value(measurement, place[0], place[1], round));
}

static double log_of_loss_ratio(const struct gilloc_fidelity_measurement *measurement, const size_t *place,
                                size_t round)
{
  if (measurement->python == GILLOC_FIDELITY_NO_ROW)
    return NAN;
  size_t theirs[] = {place[0], (size_t)measurement->python};
  return log_of_loss(measurement, place, round) - log_of_loss(measurement, theirs, round);
}

struct gilloc_ratio gilloc_fidelity_ratio(const struct gilloc_fidelity_measurement *measurement, size_t cell,
                                          size_t row)
{
  return gather(measurement, (size_t[]){cell, row}, log_of_ratio);
}

struct gilloc_ratio gilloc_fidelity_loss(const struct gilloc_fidelity_measurement *measurement, size_t cell,
                                         size_t row)
{
  return gather(measurement, (size_t[]){cell, row}, log_of_loss);
}

struct gilloc_ratio gilloc_fidelity_loss_ratio(const struct gilloc_fidelity_measurement *measurement,
                                               size_t cell, size_t row)
{
  return gather(measurement, (size_t[]){cell, row}, log_of_loss_ratio);
}
