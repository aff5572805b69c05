/* SPDX-License-Identifier: MIT
 *
 * page_heap.h: runs of pages for blocks above the last size class.
 *
 *   not reserved --map--> free, clean --take--> live --put--> free, dirty --purge--> free, clean
 *                           ^  (a very large one, purged, is unmapped)                   |
 *                           +------------------------------------------------------------+
 *
 * Addresses are reserved in regions of 64 MiB and more, side by side in few mappings. Every page of a region
 * belongs to exactly one run, whose first and last page lead to its record through a radix tree; no two free
 * runs are neighbours, but for runs out to be purged. take: best fit, lowest address first, dirty runs before
 * clean ones. Guarded by one guard, entered by each function itself; no memory is mapped for a block,
 * purged, moved or unmapped under it (mappings for records, one in thousands of calls, are).
 */
#ifndef GILLOC_PAGE_HEAP_H
#define GILLOC_PAGE_HEAP_H

#include "page_space.h"

/* The part of a block just taken that may not read as zero: [from, to). */
struct gilloc_page_dirt {
  char *from;
  char *to;
};

/* A block of `bytes`, whole pages, at a multiple of `alignment`, a power of two; NULL without memory. */
void *gilloc_page_heap_take(size_t bytes, size_t alignment, struct gilloc_page_dirt *dirt);

/* Puts a block back; its bytes, or 0 where `p` is not the start of one. */
size_t gilloc_page_heap_put(void *p);

/* Puts a block back that its owner, a cache of them, had marked as cached; it counts as live until then. */
void gilloc_page_heap_put_cached(struct gilloc_page_run *run);

/* A block whose addresses the kernel is about to give away, perhaps for good, is detached before and attached
 * or lost after: what else may be mapped there meanwhile is found, and the block is not. NULL where `p` is
 * not the start of a block. */
struct gilloc_page_run *gilloc_page_heap_detach(void *p);

/* The addresses are ours again: as a live block, or free and clean. */
void gilloc_page_heap_attach(struct gilloc_page_run *run);
void gilloc_page_heap_attach_free(struct gilloc_page_run *run);

/* They are not. */
void gilloc_page_heap_lose(struct gilloc_page_run *run);

/* Bytes of the block, 0 where `p` is not the start of one. Takes no lock. */
size_t gilloc_page_heap_usable(const void *p);

/* Grows a block into free pages on its right, or gives its tail back; false, and nothing changed, where
 * there is no room, or `p` is not the start of a block. */
bool gilloc_page_heap_resize(void *p, size_t bytes);

/* Dirty bytes in free runs. Takes no lock: a figure that may be old. */
size_t gilloc_page_heap_purgeable(void);

/* Gives up to about `bytes` of dirty pages back to the OS, those that lie free longest first; returns how
 * many. */
size_t gilloc_page_heap_purge(size_t bytes);
size_t gilloc_page_heap_purge_all(void);

/* Gives back as much as lay free without a break since the last call of this function. */
size_t gilloc_page_heap_purge_idle(void);

struct gilloc_page_heap_counts gilloc_page_heap_counts(void);

/* Around fork(2). */
void gilloc_page_heap_before_fork(void);
void gilloc_page_heap_after_fork(bool in_child);

/* True while runs, trees, lists and counts agree; walks everything. Enters the guard. */
bool gilloc_page_heap_is_consistent(void);

#endif
