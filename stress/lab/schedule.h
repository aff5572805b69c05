/* SPDX-License-Identifier: MIT
 *
 * schedule.h: which cells (workload, row, number of threads) a lab has, how long each run is, and the
 * random order in which a round visits every cell once. Runs of one round are pairs: ratios are taken
 * inside a round, so that a slow minute of the machine hits both sides.
 */
#ifndef GILLOC_LAB_SCHEDULE_H
#define GILLOC_LAB_SCHEDULE_H

#include "options.h"

struct gilloc_cell {
  enum gilloc_workload_id workload;
  const char *row;     /* the options' */
  unsigned threads;    /* processes in the row `processes`; cpu threads in `mixed`, beside the service */
  bool oversubscribed; /* more runnable threads than cores */
};

struct gilloc_schedule {
  struct gilloc_cell *cells; /* by workload, then row, then threads */
  size_t count;
  unsigned rounds;
  double seconds; /* measured, a run */
  double warmup;  /* before it, not counted */
  double limit;   /* seconds after which no further round begins; 0: none */
  unsigned cores; /* that this process may run on */
};

/* Lists the options' cells. Refuses a --quick that has too many to be quick. */
struct gilloc_schedule gilloc_schedule_make(const struct gilloc_options *options, unsigned cores);

void gilloc_schedule_fini(struct gilloc_schedule *schedule);

/* The requests a second that a workload is given; 0 where it has no service. */
unsigned gilloc_schedule_rate(const struct gilloc_options *options, enum gilloc_workload_id workload);

/* "gil, 2 threads", "processes, 1 process"; a new string. */
char *gilloc_schedule_cell_name(const struct gilloc_cell *cell);

#endif
