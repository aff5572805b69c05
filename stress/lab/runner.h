/* SPDX-License-Identifier: MIT
 *
 * runner.h: one program, once: started in a process group of its own, watched, and ended with all it
 * started. Whatever it does (hangs, crashes, floods its output, eats memory) stays its own: the caller
 * gets a report.
 *
 *   started --exits--> EXITED | SIGNALLED
 *      |----deadline--> HUNG      |----memory over the limit--> BLOATED
 *      |----SIGINT, SIGTERM or SIGHUP to this process--> INTERRUPTED       (each of these is killed)
 */
#ifndef GILLOC_LAB_RUNNER_H
#define GILLOC_LAB_RUNNER_H

#include <stddef.h>
#include <stdint.h>

enum gilloc_runner_fate {
  GILLOC_RUNNER_EXITED,
  GILLOC_RUNNER_SIGNALLED,
  GILLOC_RUNNER_HUNG,
  GILLOC_RUNNER_BLOATED,
  GILLOC_RUNNER_INTERRUPTED
};

struct gilloc_runner_end {
  enum gilloc_runner_fate fate;
  int value;       /* exit status, or the signal that ended it */
  char *output;    /* standard output, NUL-terminated, at most GILLOC_RUNNER_OUTPUT_MAX bytes */
  char *complaint; /* first line of standard error, "" if none */
  double wall_s;
};

enum { GILLOC_RUNNER_OUTPUT_MAX = 1 << 20 };

/* From now on the signals above end a run instead of this process. */
void gilloc_runner_catch_signals(void);
/* The signal that arrived, or 0. */
int gilloc_runner_signal(void);
/* Lets the caught signal have its usual effect on this process; nothing where none arrived. */
void gilloc_runner_die_by_signal(void);

/* Runs `argv` for at most `timeout_s` seconds and `memory_limit` bytes (resident, with its children). */
struct gilloc_runner_end gilloc_runner_run(char *const *argv, double timeout_s, uint64_t memory_limit);
void gilloc_runner_end_fini(struct gilloc_runner_end *end);

#endif
