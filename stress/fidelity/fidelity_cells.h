/* SPDX-License-Identifier: MIT
 *
 * fidelity_cells.h: what `gilloc fidelity` runs: each cell is one situation, and is run by CPython and under
 * each policy in every round.
 */
#ifndef GILLOC_FIDELITY_CELLS_H
#define GILLOC_FIDELITY_CELLS_H

#include <stdbool.h>
#include <stddef.h>

enum gilloc_fidelity_experiment {
  GILLOC_FIDELITY_PINGPONG,
  GILLOC_FIDELITY_THROUGHPUT,
  GILLOC_FIDELITY_LATENCY,
  GILLOC_FIDELITY_BANDWIDTH,
  GILLOC_FIDELITY_COUNTDOWN,
  GILLOC_FIDELITY_CPUED,
  GILLOC_FIDELITY_FAIRNESS,
  GILLOC_FIDELITY_EXPERIMENTS
};

enum gilloc_fidelity_load {
  GILLOC_FIDELITY_LOAD_NONE,
  GILLOC_FIDELITY_LOAD_PINGPONG, /* by the peer, one message at a time */
  GILLOC_FIDELITY_LOAD_PINGS     /* by the peer, by the clock */
};

struct gilloc_fidelity_title {
  const char *name;    /* as --only takes it */
  const char *heading; /* of the table */
  const char *unit;
};

struct gilloc_fidelity_cell {
  enum gilloc_fidelity_experiment experiment;
  const char *name;    /* unique within the experiment */
  const char *program; /* what the worker runs */
  const char *metric;  /* which of its figures is the cell's */
  const char *kind;    /* of the spinners */
  unsigned interval_us;
  unsigned threads; /* spinners, or parts of the countdown */
  enum gilloc_fidelity_load load;
  unsigned bytes; /* of a message */
};

size_t gilloc_fidelity_cell_count(void);
const struct gilloc_fidelity_cell *gilloc_fidelity_cell(size_t index);
const struct gilloc_fidelity_title *gilloc_fidelity_title(enum gilloc_fidelity_experiment experiment);

/* The cell without spinners that a ping-pong's losses are counted from, itself perhaps. */
size_t gilloc_fidelity_cell_unloaded(size_t index);

#endif
