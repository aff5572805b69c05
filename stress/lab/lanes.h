/* SPDX-License-Identifier: MIT
 *
 * lanes.h: the lanes of a run that live in this process: their threads, the barrier at which they start,
 * the window in which they are measured, their end. A window is the difference of two readings of
 * cumulative counters; lanes work before the first and after the second, so neither start nor end is
 * in it.
 *
 *   begin: threads made, all at work | measure: warm-up, reading, window, reading | end: stop, wake, join
 */
#ifndef GILLOC_LAB_LANES_H
#define GILLOC_LAB_LANES_H

#include "workload.h"

#include <gilloc/gil.h>

#include <pthread.h>

struct gilloc_timeline_rings;

struct gilloc_lane_window {
  uint64_t units;
  uint64_t cpu_ns;
};

/* What one process did in its window. Plain values: it travels through a pipe. */
struct gilloc_window {
  uint64_t start_ns; /* CLOCK_MONOTONIC */
  double seconds;
  struct gilloc_gil_counters gil;
  uint64_t user_ns;
  uint64_t system_ns;
  uint64_t voluntary_switches;
  uint64_t involuntary_switches;
  uint64_t peak_rss_bytes; /* since the lanes began, without tables; read at their end */
  bool wrong;              /* a lane's work did not verify */
};

struct gilloc_lanes {
  const struct gilloc_workload *workload;
  void *state;
  const struct gilloc_plan *plan;
  struct gilloc_lane *lanes;          /* of the whole run */
  struct gilloc_lane_window *windows; /* one a lane, for those of this process */
  unsigned first;                     /* the lanes of this process: first .. first + count - 1 */
  unsigned count;
  pthread_t *threads;                  /* one a lane; unused for guests */
  struct gilloc_timeline_rings *rings; /* into which the threads record, or NULL */
  uint64_t tables_bytes; /* resident before the threads began, of a workload with tables; else 0 */
  pthread_barrier_t barrier;
  _Atomic bool stop;
};

/* Lays out the lanes of a run, main role first. False when out of memory. */
bool gilloc_lanes_init(struct gilloc_lanes *lanes, const struct gilloc_workload *workload,
                       const struct gilloc_setup *setup);
void gilloc_lanes_fini(struct gilloc_lanes *lanes);
/* How many lanes a run of the workload has in all. */
unsigned gilloc_lanes_total(const struct gilloc_workload *workload, const struct gilloc_plan *plan);

/* Returns when every lane's thread is at the start. */
void gilloc_lanes_begin(struct gilloc_lanes *lanes);
/* Returns at the end of the window; start_ns is the start of the warm-up. */
void gilloc_lanes_measure(struct gilloc_lanes *lanes, uint64_t start_ns, struct gilloc_window *window);
/* Returns when every thread has ended; completes the window. */
void gilloc_lanes_end(struct gilloc_lanes *lanes, struct gilloc_window *window);

#endif
