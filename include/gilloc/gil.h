/* SPDX-License-Identifier: MIT
 *
 * gil.h: the global interpreter lock, as CPython 3.2 and later have it (Python/ceval_gil): one holder at
 * a time; a waiter that saw no switch for an interval asks the holder to drop; the holder obeys at its
 * next checkpoint and waits until another thread has taken over. That is the policy at the start; others may
 * be chosen. docs/gil.md tells the algorithm.
 *
 * In the flavours `none` and `fine` there is no such lock: every function here compiles, does nothing
 * and answers as if it had succeeded, so the same source runs on every flavour. gilloc/timeline.h records
 * when what happens.
 *
 *   gilloc_thread_attach();                 this thread now holds the GIL
 *   for (...) { work(); gilloc_checkpoint(); }
 *   gilloc_blocking_enter(); n = read(...); gilloc_blocking_leave();
 *   gilloc_thread_detach();
 */
#ifndef GILLOC_GIL_H
#define GILLOC_GIL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Registers the calling thread and takes the GIL; returns when it is held. A second call from an
 * attached thread is a panic. errno is preserved. (PyThreadState_New + PyEval_RestoreThread) */
void gilloc_thread_attach(void);

/* Releases the GIL and ends the thread's registration; its counters stay in the totals. Panics when the
 * thread is not attached, does not hold the GIL or is inside gilloc_gil_acquire. A thread that exits
 * attached is detached by its exit; a destructor of the application's that runs after that must not detach
 * it again. errno is preserved. (PyThreadState_Clear + PyEval_SaveThread) */
void gilloc_thread_detach(void);

/* Makes the calling thread hold the GIL, whether or not it is attached or holds it already; nests, each
 * acquire needs one release. errno is preserved. (PyGILState_Ensure, PyGILState_Release) */
void gilloc_gil_acquire(void);
void gilloc_gil_release(void);

/* True when the calling thread holds the GIL; always true in flavours without one. (PyGILState_Check) */
bool gilloc_gil_is_held(void);

/* Around a call that may block (read, poll, sleep): enter releases the GIL whatever the nesting, leave
 * takes it again and restores the nesting. Regions do not nest. Panics when the GIL is not held at
 * enter, or inside a critical section. Both preserve errno. (Py_BEGIN_ALLOW_THREADS) */
void gilloc_blocking_enter(void);
void gilloc_blocking_leave(void);

/* Not for callers: nonzero when some thread wants the GIL; read by gilloc_checkpoint. */
extern unsigned char gilloc_checkpoint_pending;
/* Not for callers: the part of gilloc_checkpoint behind the branch. */
void gilloc_checkpoint_slow(void);

/* A point at which the holder may be switched out: one load and one branch when nothing is pending.
 * Call it often from CPU-bound code. The GIL must be held. Inside a critical section it does not
 * switch. errno is preserved. (the eval breaker check of CPython's interpreter loop) */
static inline void gilloc_checkpoint(void)
{
  if (__builtin_expect(__atomic_load_n(&gilloc_checkpoint_pending, __ATOMIC_RELAXED) != 0, 0))
    gilloc_checkpoint_slow();
}

/* The switch interval in microseconds, process-wide, 5,000 at the start, changeable at any time by any
 * thread, held or not. Set returns false and changes nothing for 0 or more than 1,000,000,000.
 * (sys.setswitchinterval) */
bool gilloc_gil_set_interval(uint64_t microseconds);
uint64_t gilloc_gil_interval(void);

/* Chooses the scheduling policy by name, process-wide, at any time; threads that wait go on waiting by its
 * rules. False for an unknown name, with no change. Any thread may call, held or not. docs/gil.md compares:
 *   "interval"  CPython 3.2 and later, and at the start: an interval without a switch, then forced switching
 *   "ticks"     CPython 2: every 100 checkpoints the holder drops and takes again, nothing is promised
 *   "fifo"      from hand to hand in the order of asking, an interval each
 *   "priority"  threads that drop of their own will go before those that had to be forced
 *   "fair"      equal hold time: who has used less gets in at the next checkpoint, nobody starves */
bool gilloc_gil_set_policy(const char *name);
const char *gilloc_gil_policy(void);
/* The name of the n-th known policy, NULL past the last. */
const char *gilloc_gil_policy_name(unsigned n);

/* Cumulative since the start of the thread or the process; times in nanoseconds of CLOCK_MONOTONIC, to
 * within a microsecond a reading.
 * Never ready-made ratios: subtract two readings and divide as you need. */
struct gilloc_gil_counters {
  uint64_t acquisitions;   /* times the GIL was taken */
  uint64_t holder_changes; /* those of them in which the last holder was another thread */
  uint64_t forced_drops;   /* drops at a checkpoint on another thread's request */
  uint64_t waited_ns;      /* time between asking for the GIL and having it */
  uint64_t held_ns;        /* time between having it and releasing it */
};

/* Readings for the calling thread and for all threads, past ones included; all zero without a GIL.
 * A holder's time up to now is counted. Any thread may call, held or not. */
struct gilloc_gil_counters gilloc_gil_thread_counters(void);
struct gilloc_gil_counters gilloc_gil_total_counters(void);

#ifdef __cplusplus
}
#endif
#endif
