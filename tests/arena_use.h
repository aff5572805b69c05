/* SPDX-License-Identifier: MIT
 *
 * arena_use.h: what the tests of all layers above the arenas share: arenas that nobody uses are gone, at once
 * or, where the geometry purges, when they have been purged.
 */
#ifndef GILLOC_TESTS_ARENA_USE_H
#define GILLOC_TESTS_ARENA_USE_H

#include "arena_purge.h"
#include "arena_release.h"

/* Purges the free pools; how many arenas remain. */
static inline size_t arenas_when_purged(void)
{
  struct gilloc_arena *emptied = NULL;
  gilloc_arena_purge_all(&emptied);
  gilloc_arena_release(emptied);
  return gilloc_arena_counts().mapped_now;
}

#endif
