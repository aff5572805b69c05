/* SPDX-License-Identifier: MIT
 *
 * large.h: blocks above the last size class, each a mapping of its own, resized with mremap. Found again
 * by their first page in a radix tree of their own; a pointer to anywhere else in one is "not ours".
 * Thread-safe under one guard, not held while memory is mapped or unmapped. Built on only where
 * GILLOC_HAS_LARGE.
 */
#ifndef GILLOC_LARGE_H
#define GILLOC_LARGE_H

#include "base.h"

/* A zeroed block of at least `size` bytes at a multiple of `alignment`, a power of two; NULL without
 * memory. */
void *gilloc_large_take(size_t size, size_t alignment);

/* Gives the block back; false where `p` is no large block. */
bool gilloc_large_put(void *p);

/* Usable bytes of the block; 0 where `p` is no large block. */
size_t gilloc_large_usable(const void *p);

/* Resizes a large block to a large size, moving it if need be; NULL without memory, the block unchanged.
 * A move keeps only the alignment of a page. */
void *gilloc_large_resize(void *p, size_t size);

/* Large blocks and their bytes at this moment. */
struct gilloc_large_counts {
  size_t blocks;
  size_t bytes;
};

struct gilloc_large_counts gilloc_large_counts(void);

/* Around fork(2). */
void gilloc_large_before_fork(void);
void gilloc_large_after_fork(bool in_child);

#endif
