/* SPDX-License-Identifier: MIT
 *
 * processes.h: the row `processes`: each lane in a process of its own, forked from this one before it has
 * any thread, sharing nothing: the way out that users of a GIL take. The parent tells the children when
 * to start and to stop and gathers what they did.
 *
 *   parent                    child
 *     <- 1 byte ------------    its lane is at work
 *     -- start: uint64_t --->
 *     -- 1 byte ------------>   stop, once the window is over and the load is done
 *     <- child_report -------
 */
#ifndef GILLOC_LAB_PROCESSES_H
#define GILLOC_LAB_PROCESSES_H

#include "lanes.h"

#include <sys/types.h>

struct gilloc_processes {
  struct gilloc_lanes *lanes;
  unsigned count;
  struct gilloc_process *children;
};

/* Forks a child a lane; returns when all are at work. False, with one line on stderr, if not. */
bool gilloc_processes_begin(struct gilloc_processes *processes, struct gilloc_lanes *lanes);
bool gilloc_processes_start(const struct gilloc_processes *processes, uint64_t start_ns);
/* Stops the children, fills the lanes' windows and the sum of the processes' windows (their mean length).
 * A child that died by a signal takes this process along by the same signal. */
bool gilloc_processes_end(struct gilloc_processes *processes, struct gilloc_window *window);

#endif
