/* SPDX-License-Identifier: MIT
 *
 * page_bin.h: sizes of runs that come back as they were: eight a doubling from 64 KiB to 4 MiB, a multiple of
 * 4 KiB each below. A block is rounded up to one of them, so that it can take the place of another (at most
 * an eighth is lost, and of that only what was dirty before is memory). Larger blocks are rounded up to
 * 256 KiB, so that their first pages, which everybody touches, fall on pages that were touched before: of
 * many blocks with 5 to 25 MiB half of the page faults go. Pure arithmetic; no state.
 *
 *   bin of n:   n <= 32 KiB: (n - 1) / 4 KiB      above, with k = floor(log2(n - 1)): 8 (k - 15) + (n - 1) /
 * 2^(k - 3)
 */
#ifndef GILLOC_PAGE_BIN_H
#define GILLOC_PAGE_BIN_H

#include "base.h"

enum {
  GILLOC_PAGE_BIN_FIRST_BITS = 15, /* to here steps are the same */
  GILLOC_PAGE_BIN_STEP_BITS = 3,   /* a doubling */
  GILLOC_PAGE_BIN_MAX = 4 << 20,   /* bytes of the largest */
  GILLOC_PAGE_BIN_UNIT = 1 << 18,  /* above it */
  GILLOC_PAGE_BINS = 64
};

/* Binary logarithm of the steps around `bytes`, which is not 0. */
static inline unsigned gilloc_page_bin_shift(size_t bytes)
{
  size_t least = (size_t)1 << GILLOC_PAGE_BIN_FIRST_BITS;
  unsigned bits = 63U - (unsigned)__builtin_clzll((bytes - 1) | least);
  return bits - GILLOC_PAGE_BIN_STEP_BITS;
}

/* The bin of a run of `bytes`, whole pages; GILLOC_PAGE_BINS or more where it has none. */
static inline size_t gilloc_page_bin_of(size_t bytes)
{
  unsigned shift = gilloc_page_bin_shift(bytes);
  return ((size_t)(shift + GILLOC_PAGE_BIN_STEP_BITS - GILLOC_PAGE_BIN_FIRST_BITS)
          << GILLOC_PAGE_BIN_STEP_BITS) +
         ((bytes - 1) >> shift);
}

/* True where a run of `bytes` that has a bin is as large as any in it. */
static inline bool gilloc_page_bin_is(size_t bytes)
{
  return (bytes & (((size_t)1 << gilloc_page_bin_shift(bytes)) - 1)) == 0;
}

/* `bytes`, whole pages and not 0, rounded up to the size of a bin or, above the largest, to the unit; 0 where
 * that overflows. */
static inline size_t gilloc_page_bin_round(size_t bytes)
{
  size_t unit =
      bytes > GILLOC_PAGE_BIN_MAX ? GILLOC_PAGE_BIN_UNIT : (size_t)1 << gilloc_page_bin_shift(bytes);
  size_t mask = unit - 1;
  return (bytes + mask) & ~mask;
}

#endif
