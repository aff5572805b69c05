/* SPDX-License-Identifier: MIT
 *
 * large.h: blocks above the last size class: runs of the page heap, and what to do where it cannot serve.
 * A pointer to anywhere but the start of a block is "not ours". Thread-safe; no guard may be held. Built on
 * only where GILLOC_HAS_LARGE.
 *
 *   take   -> page_cache_take -> NULL: page_heap_take -> NULL: purge everything, try again -> NULL
 *   resize -> page_heap_resize, in place -> no room: a new block, the pages moved there -> copied there
 */
#ifndef GILLOC_LARGE_H
#define GILLOC_LARGE_H

#include "base.h"

/* A block of at least `size` bytes, with any contents, at a multiple of `alignment`, a power of two; NULL
 * without memory. */
void *gilloc_large_take(size_t size, size_t alignment);

/* As gilloc_large_take, all of it zero; pages that are so already are not touched. */
void *gilloc_large_take_zeroed(size_t size);

/* Gives the block back; false where `p` is no large block. */
bool gilloc_large_put(void *p);

/* As gilloc_large_put, where that is quick, for any pointer: into this thread's cache of large blocks, and a
 * tick of the purge now and then. False, and nothing changed, where it is not. Preserves errno. */
bool gilloc_large_put_cached(void *p);

/* Usable bytes of the block; 0 where `p` is no large block. Takes no lock. */
size_t gilloc_large_usable(const void *p);

/* Resizes a large block to a large size, moving it if need be; NULL without memory, the block unchanged.
 * A move keeps only the alignment of a page. */
void *gilloc_large_resize(void *p, size_t size);

/* Large blocks and their bytes at this moment; more is in page_heap.h. */
struct gilloc_large_counts {
  size_t blocks;
  size_t bytes;
};

struct gilloc_large_counts gilloc_large_counts(void);

#endif
