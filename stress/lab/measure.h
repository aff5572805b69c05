/* SPDX-License-Identifier: MIT
 *
 * measure.h: the lab's main loop: every cell once a round, in a new random order each round, one worker
 * process a run, nothing else at the same time. Afterwards the checksums of all rows of a workload are
 * held against each other.
 */
#ifndef GILLOC_LAB_MEASURE_H
#define GILLOC_LAB_MEASURE_H

#include "machine.h"
#include "options.h"
#include "result.h"
#include "schedule.h"
#include "timeline_model.h"

struct gilloc_measurement {
  const struct gilloc_options *options;
  const struct gilloc_machine *machine;
  const struct gilloc_schedule *schedule;
  unsigned rounds_done; /* whole rounds; less than planned if the schedule's limit was reached */
  double elapsed_s;
  struct gilloc_timeline_trace timeline; /* of the first round, where the options ask for it */
  double others_share;           /* of the cores' time during the runs: used by other programs, or stolen */
  struct gilloc_result *results; /* [cell * schedule->rounds + round] */
};

/* Measures. A worker that refuses the request ends the command with its message and status 2; a caught
 * signal ends it too. */
struct gilloc_measurement gilloc_measure(const struct gilloc_options *options,
                                         const struct gilloc_machine *machine,
                                         const struct gilloc_schedule *schedule);
void gilloc_measure_fini(struct gilloc_measurement *measurement);

/* The result of a cell in a round below rounds_done. */
const struct gilloc_result *gilloc_measure_result(const struct gilloc_measurement *measurement, size_t cell,
                                                  unsigned round);

#endif
