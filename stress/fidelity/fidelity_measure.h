/* SPDX-License-Identifier: MIT
 *
 * fidelity_measure.h: all runs of `gilloc fidelity`, and what follows from them. A round runs the cells in
 * random order, and each cell's rows (CPython and the policies) one after the other in random order: what is
 * compared was measured within a few seconds.
 */
#ifndef GILLOC_FIDELITY_MEASURE_H
#define GILLOC_FIDELITY_MEASURE_H

#include "fidelity_calibrate.h"
#include "fidelity_options.h"
#include "sample.h"

#include <stdint.h>

enum { GILLOC_FIDELITY_NO_ROW = -1 };

struct gilloc_fidelity_run {
  double value;    /* NaN where the run went wrong */
  char *figures;   /* what the programs printed, lines of NAME NUMBER */
  char *complaint; /* what went wrong, or NULL */
  double wall_s;
};

struct gilloc_fidelity_measurement {
  const struct gilloc_fidelity_options *options;
  const struct gilloc_fidelity_programs *programs;
  struct gilloc_fidelity_calibration calibration;
  const char *rows[GILLOC_FIDELITY_POLICIES_MAX + 1]; /* "cpython" and policies */
  size_t row_count;
  int python;    /* its row, or GILLOC_FIDELITY_NO_ROW */
  int reference; /* the row of the policy that this CPython has, or GILLOC_FIDELITY_NO_ROW */
  struct gilloc_fidelity_run *runs;
  unsigned failures;
  double elapsed_s;
};

struct gilloc_fidelity_spread {
  size_t count; /* of good runs */
  double median, least, most;
};

struct gilloc_fidelity_measurement gilloc_fidelity_measure(const struct gilloc_fidelity_options *options,
                                                           const struct gilloc_fidelity_programs *programs);
void gilloc_fidelity_measurement_fini(struct gilloc_fidelity_measurement *measurement);

const struct gilloc_fidelity_run *gilloc_fidelity_run_of(
    const struct gilloc_fidelity_measurement *measurement, size_t cell, const size_t row_and_round[2]);
struct gilloc_fidelity_spread gilloc_fidelity_spread(const struct gilloc_fidelity_measurement *measurement,
                                                     size_t cell, size_t row);

/* The row's figure to CPython's, round by round. */
struct gilloc_ratio gilloc_fidelity_ratio(const struct gilloc_fidelity_measurement *measurement, size_t cell,
                                          size_t row);
/* Of a ping-pong: how many times fewer round trips than without spinners; and that to CPython's. */
struct gilloc_ratio gilloc_fidelity_loss(const struct gilloc_fidelity_measurement *measurement, size_t cell,
                                         size_t row);
struct gilloc_ratio gilloc_fidelity_loss_ratio(const struct gilloc_fidelity_measurement *measurement,
                                               size_t cell, size_t row);

#endif
