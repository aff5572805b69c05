/* SPDX-License-Identifier: MIT
 *
 * arena_purge.h: gives the pages of free pools back to the OS, where the geometry is GILLOC_ARENA_PURGES and
 * arenas come from the OS. A pool is out of its arena meanwhile, so no guard is held; purged, it counts as
 * fresh. Empty arenas are linked into `*emptied`, for gilloc_arena_release, but for the last usable one.
 * Not for two threads at once with the same `emptied`; otherwise thread-safe.
 */
#ifndef GILLOC_ARENA_PURGE_H
#define GILLOC_ARENA_PURGE_H

#include "arena.h"

/* Purges about `bytes` of dirty pools; returns how many bytes. */
size_t gilloc_arena_purge(size_t bytes, struct gilloc_arena **emptied);
size_t gilloc_arena_purge_all(struct gilloc_arena **emptied);

/* Purges as much as was dirty without a break since the last call of this function. */
size_t gilloc_arena_purge_idle(struct gilloc_arena **emptied);

#endif
