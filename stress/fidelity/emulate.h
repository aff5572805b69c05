/* SPDX-License-Identifier: MIT
 *
 * emulate.h: our side of the experiments of `gilloc fidelity`: a worker that does under gilloc's GIL what the
 * scripts real_*.py do under CPython's, step by step. Both are called as
 *
 *   WORKER EXPERIMENT key=value...          and print lines "NAME NUMBER", one of them "value NUMBER"
 *
 * Work is counted, never timed, so that time without the processor is not taken for work done. A step is
 * one number of a generator; the driver says how many make up one of the interpreter's.
 */
#ifndef GILLOC_FIDELITY_EMULATE_H
#define GILLOC_FIDELITY_EMULATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum { GILLOC_EMULATE_THREADS_MAX = 16 };

/* What was asked for; keys that an experiment has no use for are 0 and "". */
struct gilloc_emulation {
  const char *policy;
  const char *kind;          /* of spinners: pure, hold, release */
  uint64_t interval_us;      /* the switch interval */
  uint64_t threads;          /* spinners */
  uint64_t ms;               /* measured time */
  uint64_t warm_ms;          /* time before it */
  uint64_t give_up_ms;       /* spinners that hold end by themselves so long after `go`; 0: never */
  uint64_t port;             /* the peer's, on loopback */
  uint64_t checks;           /* checkpoints an iteration, of every loop */
  uint64_t spin_steps;       /* of one iteration of a spinner */
  uint64_t hold_steps;       /* of one call that keeps the GIL */
  uint64_t release_steps;    /* of one call that releases it */
  uint64_t io_steps;         /* held after each of the I/O thread's two calls */
  uint64_t countdown_steps;  /* of one iteration of the countdown */
  uint64_t iterations;       /* of the whole countdown */
  uint64_t burst_iterations; /* of the countdown, held between two empty sleeps */
  uint64_t spin_ps;          /* one iteration of a spinner by itself, picoseconds */
  uint64_t burst_ns;         /* one burst by itself */
};

extern struct gilloc_emulation gilloc_emulation;

/* One spinner, alone on its cache line; `count` is written by the spinner with the GIL in its hands. */
struct gilloc_emulate_spinner {
  _Alignas(64) _Atomic uint64_t count;
};

extern struct gilloc_emulate_spinner gilloc_emulate_spinners[GILLOC_EMULATE_THREADS_MAX];

/* The end of an iteration. */
void gilloc_emulate_check_in(void);

/* A generator's state goes in and comes out, so that no compiler leaves the steps out. */
uint64_t gilloc_emulate_work(uint64_t state, uint64_t steps);

/* Onto the n-th processor that this process could use at its start; nowhere in particular where it has one.
 */
void gilloc_emulate_pin(unsigned n);

/* Starts `threads` spinners, all on the second processor, or every other one on the first. The caller holds
 * the GIL, and each spinner has had it once on return, as with threading.Thread.start; they spin from `go`
 * on. `end` ends them again. */
void gilloc_emulate_spinners_begin(bool spread);
void gilloc_emulate_spinners_go(void);
void gilloc_emulate_spinners_end(void);

/* Starts a thread and waits, without the GIL, until it calls gilloc_emulate_started, with the GIL. */
void gilloc_emulate_start(void *(*body)(void *), void *argument);
void gilloc_emulate_started(void);
/* Waits without the GIL for all that were started. */
void gilloc_emulate_join(void);

/* Sleeps without the GIL. */
void gilloc_emulate_sleep_ms(uint64_t milliseconds);

/* The experiments. Each is called with the GIL held; false after a line on standard error. */
bool gilloc_emulate_calibrate(void);
bool gilloc_emulate_pingpong(void);
bool gilloc_emulate_latency(void);
bool gilloc_emulate_throughput(void);
bool gilloc_emulate_fairness(void);
bool gilloc_emulate_countdown(void);
bool gilloc_emulate_cpued(void);

static inline uint64_t gilloc_emulate_now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

#endif
