/* SPDX-License-Identifier: MIT
 *
 * page_space.h: what the page heap stands on: the runs of all regions, two trees of free ones (dirty and
 * clean), a list of the dirty ones by age, and a radix tree from the first and the last page of every run to
 * its record. For page_region.c and page_heap.c alone, which enter the
 * guard.
 *
 *   charged bytes of the heap = live + dirty          no two free runs are neighbours
 */
#ifndef GILLOC_PAGE_SPACE_H
#define GILLOC_PAGE_SPACE_H

#include "guard.h"
#include "metadata.h"
#include "page_bin.h"
#include "page_run.h"

/* At this moment; all in bytes but the counts of things. */
struct gilloc_page_heap_counts {
  size_t blocks;     /* live ... */
  size_t live;       /* ... and their bytes */
  size_t dirty;      /* free, and charged */
  size_t clean;      /* free, and nothing but addresses */
  size_t out;        /* out to be purged, or lost */
  size_t regions;    /* reserved since the start */
  size_t reserved;   /* live + dirty + clean + out */
  size_t purges;     /* runs purged since the start ... */
  size_t purged;     /* ... and their dirty bytes */
  size_t grown_here; /* resizes in place that grew a block */
};

/* Runs that have a bin are kept whole in it, so many bytes in all, or that share of what is live. */
enum { GILLOC_PAGE_SPACE_KEPT_BYTES = 4 << 20, GILLOC_PAGE_SPACE_KEPT_SHARE = 8 };

/* Everything under the guard; `dirty` may be read without. */
struct gilloc_page_space {
  struct gilloc_guard guard;
  struct gilloc_page_run *dirty_runs; /* tree */
  struct gilloc_page_run *clean_runs; /* tree */
  struct gilloc_page_run *oldest;     /* list of the dirty ones */
  struct gilloc_page_run *newest;
  struct gilloc_page_run *kept[GILLOC_PAGE_BINS]; /* by size; last kept, first taken */
  size_t kept_bytes;
  size_t kept_hand; /* the bin that made room last */
  struct gilloc_metadata records;
  size_t low;                            /* least `dirty` since the last gilloc_page_heap_purge_idle */
  struct gilloc_page_heap_counts counts; /* but for its dirty, which is: */
  _Atomic size_t dirty;
};

extern GILLOC_HIDDEN struct gilloc_page_space gilloc_page_space;

static inline size_t gilloc_page_space_dirty(void)
{
  return atomic_load_explicit(&gilloc_page_space.dirty, memory_order_relaxed);
}

static inline bool gilloc_page_space_is_free(const struct gilloc_page_run *run)
{
  return run && gilloc_page_run_state(run) == GILLOC_PAGE_RUN_FREE;
}

/* A record for a run, NULL without memory; and back, where it is not NULL. */
struct gilloc_page_run *gilloc_page_space_take_record(void) GILLOC_REQUIRES(gilloc_page_space.guard);
void gilloc_page_space_put_record(struct gilloc_page_run *run) GILLOC_REQUIRES(gilloc_page_space.guard);

/* Makes sure that the pages have words; false without memory. */
bool gilloc_page_space_reserve_words(const char *start, size_t bytes);

/* Writes the words of the run's first and last page. */
void gilloc_page_space_set_words(struct gilloc_page_run *run, uintptr_t word)
    GILLOC_REQUIRES(gilloc_page_space.guard);

/* What the word of the page of `address` says; true only if the run does begin or end there. */
struct gilloc_page_run *gilloc_page_space_run_at(const void *address);

/* The live run that begins at `p`; NULL where none does. Lock-free. */
struct gilloc_page_run *gilloc_page_space_find_live(const void *p);

/* Into a tree, and out of it. */
void gilloc_page_space_link(struct gilloc_page_run *run) GILLOC_REQUIRES(gilloc_page_space.guard);
void gilloc_page_space_unlink(struct gilloc_page_run *run) GILLOC_REQUIRES(gilloc_page_space.guard);

/* Makes a run that is in no tree a free one, together with its free neighbours. */
void gilloc_page_space_make_free(struct gilloc_page_run *run) GILLOC_REQUIRES(gilloc_page_space.guard);

/* Runs that have just come back are kept whole for a while: most programs ask for the same sizes again, and
 * then nothing is split or coalesced. They count as dirty. keep: false where the run is not to be kept;
 * take_kept: a run of just so many bytes, in no state, or NULL; free_kept: all of them become free runs. */
bool gilloc_page_space_keep(struct gilloc_page_run *run) GILLOC_REQUIRES(gilloc_page_space.guard);
struct gilloc_page_run *gilloc_page_space_take_kept(size_t bytes) GILLOC_REQUIRES(gilloc_page_space.guard);
void gilloc_page_space_free_kept(void) GILLOC_REQUIRES(gilloc_page_space.guard);

/* Unmaps all free runs, and kept ones: at the end of a library that is unloaded. The records stay as they
 * were. */
void gilloc_page_space_unmap_free(void) GILLOC_REQUIRES(gilloc_page_space.guard);

/* The free run for a block of `need` bytes; NULL where there is none, and nothing is kept then. Clean pages
 * are for when dirty ones do not do. */
struct gilloc_page_run *gilloc_page_space_find_free(size_t need) GILLOC_REQUIRES(gilloc_page_space.guard);

/* After an operation that used dirty bytes up, not amid one. */
void gilloc_page_space_note_low(void) GILLOC_REQUIRES(gilloc_page_space.guard);

bool gilloc_page_space_is_consistent(void) GILLOC_REQUIRES(gilloc_page_space.guard);

#endif
