/* SPDX-License-Identifier: MIT
 *
 * workload.h: what the lab asks of a workload, and what it gives a thread of one. A workload is written
 * against <gilloc/...> alone, so that the same source runs on every flavour and may serve as an example.
 *
 * The main thread opens a workload before any other thread or process exists, and closes it after all
 * have ended; it never allocates from gilloc, because in the flavour `none` only one thread may, and that
 * is the lane's. So what open makes stands in the C library's memory, what run makes in gilloc's.
 *
 *   open -> [ lanes: barrier -> gilloc_thread_attach -> run -> gilloc_thread_detach ] -> close
 */
#ifndef GILLOC_LAB_WORKLOAD_H
#define GILLOC_LAB_WORKLOAD_H

#include "corpus.h"
#include "plan.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum gilloc_role { GILLOC_ROLE_CPU, GILLOC_ROLE_SERVICE, GILLOC_ROLE_ALLOC };

/* One thread of a workload. Two cache lines apart from the next, as processors prefetch pairs. */
struct gilloc_lane {
  alignas(128) _Atomic uint64_t units; /* finished so far; written by the lane, read by the main thread */
  const _Atomic bool *stop;            /* set once by the main thread */
  enum gilloc_role role;
  unsigned index; /* among the lanes of its role, from 0 */
  bool guest;     /* has no thread of its own: another lane does its work (mixed on one thread) */
  bool wrong;     /* something did not verify; written by the lane, read when it has ended */
};

/* What a workload is opened with; both outlive it. */
struct gilloc_setup {
  const struct gilloc_plan *plan;
  const struct gilloc_corpus *corpus; /* empty unless the workload reads text */
  bool one_thread;                    /* all lanes of a process share one thread */
};

struct gilloc_workload {
  const char *name;
  const char *unit;
  enum gilloc_role role; /* of the plan's lanes */
  bool reads_text;
  bool has_tables;  /* what open made is no memory of the library's, and large */
  bool has_service; /* answers gilloc-load; beside lanes of another role, one service lane more */

  /* NULL, with one line on stderr, if impossible. */
  void *(*open)(const struct gilloc_setup *setup);
  /* A lane's thread, from attach to detach: works until the lane is stopped. */
  void (*run)(void *state, struct gilloc_lane *lane);
  /* What must be the same on every flavour. */
  uint64_t (*checksum)(const void *state);
  void (*close)(void *state);
  /* Those with a service: its ports, one a service lane; and how to get it out of a blocking call once
   * the lanes are stopped. */
  const uint16_t *(*ports)(const void *state, unsigned *count);
  void (*wake)(void *state);
};

extern const struct gilloc_workload gilloc_workload_cpu;
extern const struct gilloc_workload gilloc_workload_io;
extern const struct gilloc_workload gilloc_workload_mixed;
extern const struct gilloc_workload gilloc_workload_alloc;
extern const struct gilloc_workload gilloc_workload_replay;

static inline bool gilloc_lane_runs(const struct gilloc_lane *lane)
{
  return !atomic_load_explicit(lane->stop, memory_order_relaxed);
}

/* The lane finished one more unit. Not an atomic addition: no other thread writes this counter. */
static inline void gilloc_lane_count(struct gilloc_lane *lane)
{
  uint64_t units = atomic_load_explicit(&lane->units, memory_order_relaxed);
  atomic_store_explicit(&lane->units, units + 1, memory_order_relaxed);
}

/* Passes `p` on; ends the process with one line if it is NULL. For workloads, which have no use for
 * going on without memory. */
void *gilloc_need(void *p);

#endif
