/* SPDX-License-Identifier: MIT
 *
 * timeline_model.h: recorded timelines as the driver has them: for each run of the lab the threads, for each
 * thread what it was doing from when to when, and the moments that stand out. Made from a worker's events or
 * read from a file; time 0 is the start of the run's measured window.
 *
 *   trace --> runs --> threads --> slices (ascending, apart, none empty), marks (ascending)
 */
#ifndef GILLOC_LAB_TIMELINE_MODEL_H
#define GILLOC_LAB_TIMELINE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum gilloc_timeline_state {
  GILLOC_TIMELINE_OUTSIDE, /* no slice: not there, or not known */
  GILLOC_TIMELINE_RUNNING, /* holds the GIL */
  GILLOC_TIMELINE_WAITING, /* for the GIL */
  GILLOC_TIMELINE_BLOCKED, /* in a blocking region */
  GILLOC_TIMELINE_FORCED,  /* was forced off and does not have the GIL back yet */
  GILLOC_TIMELINE_STATES
};

enum gilloc_timeline_moment {
  GILLOC_TIMELINE_ASKED,      /* the thread, waiting, asked the holder to drop */
  GILLOC_TIMELINE_OBEYED,     /* the thread dropped at a checkpoint */
  GILLOC_TIMELINE_FORCED_OFF, /* ... because it was asked to */
  GILLOC_TIMELINE_MOMENTS
};

struct gilloc_timeline_slice {
  uint64_t from_ns;
  uint64_t to_ns;
  enum gilloc_timeline_state state;
};

struct gilloc_timeline_mark {
  uint64_t at_ns;
  enum gilloc_timeline_moment moment;
};

struct gilloc_timeline_thread {
  char *name;
  uint64_t dropped; /* events that are lost: before the first slice nothing is known */
  struct gilloc_timeline_slice *slices;
  size_t slice_count;
  struct gilloc_timeline_mark *marks;
  size_t mark_count;
};

struct gilloc_timeline_run {
  char *name; /* "mixed: gil, 1 thread, interval, 5000 us" */
  uint64_t length_ns;
  struct gilloc_timeline_thread *threads;
  size_t count;
};

struct gilloc_timeline_trace {
  struct gilloc_timeline_run *runs;
  size_t count;
};

/* As they stand in files: "running", "waiting for the GIL", ... and "drop request", ... */
const char *gilloc_timeline_state_name(enum gilloc_timeline_state state);
const char *gilloc_timeline_moment_name(enum gilloc_timeline_moment moment);

/* These add at the end; the new run or thread takes over `name`, and what they return is good until the next
 * call. An empty slice is not added, one that goes on where the last ended in the same state lengthens it. */
struct gilloc_timeline_run *gilloc_timeline_add_run(struct gilloc_timeline_trace *trace, char *name);
struct gilloc_timeline_thread *gilloc_timeline_add_thread(struct gilloc_timeline_run *run, char *name);
void gilloc_timeline_add_slice(struct gilloc_timeline_thread *thread, struct gilloc_timeline_slice slice);
void gilloc_timeline_add_mark(struct gilloc_timeline_thread *thread, struct gilloc_timeline_mark mark);
void gilloc_timeline_fini(struct gilloc_timeline_trace *trace);

/* Adds the run that a worker left in the file (timeline_wire.h); `cell` says which it was.
 * Adds nothing where it has no thread;
 * false, with nothing added, where the file does not hold one whole. */
bool gilloc_timeline_add_worker(struct gilloc_timeline_trace *trace, const char *cell, FILE *file);

#endif
