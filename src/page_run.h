/* SPDX-License-Identifier: MIT
 *
 * page_run.h: the record of a run of pages, and the tree in which free runs stand by size. No lock: the page
 * heap's guard covers it, except for `place` and `bytes`, which a look-up may read at any time, and for the
 * steps between live and cached, which are the page caches'.
 *
 *   run = | clean | hull: from the first to the last page that may be dirty | clean |
 *
 * Outside its hull a free run reads as zero and holds no memory. `dirty` counts the pages in the hull that
 * are charged (os_memory.h): 0 <= dirty <= hull, and the hull is empty where nothing is dirty.
 */
#ifndef GILLOC_PAGE_RUN_H
#define GILLOC_PAGE_RUN_H

#include "base.h"

#include <stdatomic.h>

enum gilloc_page_run_state {
  GILLOC_PAGE_RUN_NONE = 0,  /* the record is of no run */
  GILLOC_PAGE_RUN_LIVE = 1,  /* handed out */
  GILLOC_PAGE_RUN_FREE = 2,  /* in a tree */
  GILLOC_PAGE_RUN_OUT = 3,   /* taken out to be purged, or lost to the kernel */
  GILLOC_PAGE_RUN_KEPT = 4,  /* free, and kept whole for the next block of its size */
  GILLOC_PAGE_RUN_CACHED = 5 /* in a thread's cache (page_cache.h) */
};

struct gilloc_page_run {
  struct gilloc_page_run *left; /* in the tree of its kind */
  struct gilloc_page_run *right;
  struct gilloc_page_run *older; /* among free runs with a hull, by the time of their last change */
  struct gilloc_page_run *newer; /* or, of a kept run, the one kept before */
  _Atomic uintptr_t place;       /* address of the first byte | state; written under the guard */
  _Atomic size_t bytes;          /* written under the guard */
  char *dirty_from;              /* the hull: [dirty_from, dirty_to); equal where it is empty */
  char *dirty_to;
  size_t dirty; /* bytes */
};

static inline char *gilloc_page_run_start(const struct gilloc_page_run *run)
{
  uintptr_t place = atomic_load_explicit(&run->place, memory_order_relaxed);
  return (char *)(place & ~(uintptr_t)7);
}

static inline enum gilloc_page_run_state gilloc_page_run_state(const struct gilloc_page_run *run)
{
  return (enum gilloc_page_run_state)(atomic_load_explicit(&run->place, memory_order_relaxed) & 7);
}

static inline size_t gilloc_page_run_bytes(const struct gilloc_page_run *run)
{
  return atomic_load_explicit(&run->bytes, memory_order_relaxed);
}

static inline char *gilloc_page_run_end(const struct gilloc_page_run *run)
{
  return gilloc_page_run_start(run) + gilloc_page_run_bytes(run);
}

static inline void gilloc_page_run_set_state(struct gilloc_page_run *run, enum gilloc_page_run_state state)
{
  uintptr_t start = (uintptr_t)gilloc_page_run_start(run);
  atomic_store_explicit(&run->place, start | (uintptr_t)state, memory_order_relaxed);
}

/* Sets the run's bounds, and its state, and leaves the hull alone. */
static inline void gilloc_page_run_set(struct gilloc_page_run *run, const char *start, size_t bytes,
                                       enum gilloc_page_run_state state)
{
  atomic_store_explicit(&run->bytes, bytes, memory_order_relaxed);
  atomic_store_explicit(&run->place, (uintptr_t)start | (uintptr_t)state, memory_order_relaxed);
}

static inline size_t gilloc_page_run_hull(const struct gilloc_page_run *run)
{
  return (size_t)(run->dirty_to - run->dirty_from);
}

/* Cuts the hull down to the part of it within the run's bounds, and `dirty` to what can be there. */
void gilloc_page_run_clip(struct gilloc_page_run *run);

/* Takes the hull of `other` into the run's. */
void gilloc_page_run_join(struct gilloc_page_run *run, const struct gilloc_page_run *other);

/* A tree: runs by (bytes, address), a treap whose priorities are hashes of the records' addresses, so its
 * depth is logarithmic whatever comes. NULL when empty. */
void gilloc_page_tree_insert(struct gilloc_page_run **root, struct gilloc_page_run *run);
void gilloc_page_tree_remove(struct gilloc_page_run **root, const struct gilloc_page_run *run);

/* The smallest run of at least `bytes`, of those the one with the lowest address; NULL where there is none.
 */
struct gilloc_page_run *gilloc_page_tree_find(struct gilloc_page_run *root, size_t bytes);

/* Runs in the tree, or SIZE_MAX where it is out of order; for deep assertions and tests. */
size_t gilloc_page_tree_check(const struct gilloc_page_run *root);

#endif
