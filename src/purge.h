/* SPDX-License-Identifier: MIT
 *
 * purge.h: memory return. Free dirty pages (page_heap.h) and free dirty pools (arena.h) go back to the OS
 * when they were not needed for the decay time: at the end of each half of it goes back what was dirty all
 * through that half. Under `fine` a thread of our own sees to it, so it works without traffic; it wakes when
 * much is purgeable and rests when little is left. Elsewhere, and while little is purgeable, the callers do
 * it in gilloc_purge_tick.
 *
 *   no thread --one thread: a tick; more: much is held, or left by one that ends--> running
 *   running --little is left--> resting --a tick--> running
 *
 * One purge at a time, under a guard that is held across fork(2), so no run is out at that moment.
 */
#ifndef GILLOC_PURGE_H
#define GILLOC_PURGE_H

#include "base.h"

enum {
  GILLOC_PURGE_DECAY_MS = 1000,
  GILLOC_PURGE_MIN_BYTES = 1 << 20,   /* less is not worth a system call */
  GILLOC_PURGE_START_BYTES = 1 << 24, /* so much purgeable starts the thread in a process of one ... */
  GILLOC_PURGE_HELD_BYTES = 1 << 23,  /* ... so much charged in one of several ... */
  GILLOC_PURGE_LEFT_BYTES = 1 << 21,  /* ... so much purgeable at a thread's end */
  GILLOC_PURGE_NEVER = UINT32_MAX
};

/* To be called with no guard held, nothing half done (it may start a thread, which allocates), and errno
 * saved: when memory has come back to the page heap or to an arena, and before much is taken. Above the soft
 * limit it purges at once, then pauses. Cheap while nothing is to be done. */
void gilloc_purge_tick(void);

/* To be called where more memory is about to be taken, with no guard held and nothing half done: starts the
 * thread where the process has others and holds so much that a later tick may want it. */
void gilloc_purge_prepare(void);

/* The tick of a thread that ends, and leaves what it has cached: starts the thread where that is much. When
 * it is the main thread that ends, ours goes for good: the C library ends a process with its last thread. */
void gilloc_purge_thread_ends(void);

/* To be called when the library starts: the end of the main thread is seen, whatever it allocates. */
void gilloc_purge_watch_main(void);

/* Purges everything that is free; returns the bytes given back. No guard may be held. */
size_t gilloc_purge_all(void);

/* Purges what is due at the time `now_ns`; that time never goes back. What gilloc_purge_tick and the thread
 * call with the monotonic clock. */
void gilloc_purge_step(uint64_t now_ns);

/* The decay time in milliseconds, at any time; 0: purge at every tick; GILLOC_PURGE_NEVER: only when asked
 * and above the soft limit. */
void gilloc_purge_set_decay_ms(uint32_t decay_ms);

/* False, as before the library's constructor: never start the thread, and let one that runs go. */
void gilloc_purge_set_background(bool wanted);

/* At the end of a library that is unloaded (GILLOC_CLOSABLE): stops the thread, for good, and waits until it
 * has ended. */
void gilloc_purge_stop(void);

struct gilloc_purge_counts {
  size_t purgeable;       /* bytes at this moment */
  size_t purged;          /* bytes given back since the start */
  size_t purges;          /* rounds that gave something back */
  size_t threads_started; /* since the start */
  bool thread_runs;       /* and does not rest */
};

struct gilloc_purge_counts gilloc_purge_counts(void);

/* Around fork(2): the outermost of the allocator's guards. The child has no thread, and starts one when it
 * needs one. */
void gilloc_purge_before_fork(void);
void gilloc_purge_after_fork(bool in_child);

#endif
