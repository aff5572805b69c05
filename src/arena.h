/* SPDX-License-Identifier: MIT
 *
 * arena.h: arenas, which get memory from the OS and hand out pool-sized slots of it.
 *
 *   not mapped --map--> usable (some pool free) <--> full (on no list) --> ... --> all pools free --unmap-->
 *                                                                    (GILLOC_ARENA_PURGES: when purged)
 *
 * Usable arenas form a doubly linked list that ascends by number of free pools; new pools come only from
 * its head, the arena with the fewest, so that the emptiest ones can drain. Invariant of every arena:
 * free_pools = total_pools - carved_pools + stacked_pools = total_pools - pools in use. Everything here
 * is guarded by the arenas' guard, which the functions enter themselves. Rules and their order: CPython 3.9+
 * Objects/obmalloc.c, insert_to_freepool.
 */
#ifndef GILLOC_ARENA_H
#define GILLOC_ARENA_H

#include "arena_record.h"

/* Dirty bytes in free pools beyond which empty arenas are unmapped at once, where no thread purges. */
enum { GILLOC_ARENA_DIRTY_MAX = 64 << 20 };

/* A pool's place. */
struct gilloc_pool_slot {
  struct gilloc_arena *arena;
  unsigned index;
  bool fresh; /* carved just now, or purged, if only in part: its header means nothing */
};

static inline char *gilloc_arena_pool_start(const struct gilloc_arena *arena, unsigned index)
{
  return arena->first_pool + ((size_t)index << GILLOC_POOL_BITS);
}

static inline unsigned gilloc_arena_pool_index(const struct gilloc_arena *arena, const void *address)
{
  return (unsigned)((size_t)((const char *)address - arena->first_pool) >> GILLOC_POOL_BITS);
}

/* Where the header of a pool lies: its first bytes, or its row of pool_records. */
static inline void *gilloc_arena_pool_header(struct gilloc_arena *arena, unsigned index)
{
  if (GILLOC_POOL_HEADER_INLINE)
    return gilloc_arena_pool_start(arena, index);
  return arena->pool_records[index];
}

/* Takes a pool; false without memory. */
bool gilloc_arena_take_pool(struct gilloc_pool_slot *slot);

/* Puts a pool back. An arena that has thereby become empty, and is not one to keep, is taken out of the list
 * and the map and returned: the caller gives it to gilloc_arena_release when it has left its own guards. NULL
 * otherwise. Kept are the last one, and those that are to be purged: until then. */
struct gilloc_arena *gilloc_arena_put_pool(struct gilloc_arena *arena, unsigned index);

/* True where a pool that the arena got back now would be the very next one to be taken, so that putting it
 * and taking it again would change nothing; holds until the next pool is taken or put. */
bool gilloc_arena_would_serve_next(const struct gilloc_arena *arena);

/* Gives a withdrawn arena's memory back to the OS and parks the rest (arena_record.h). */
void gilloc_arena_park(struct gilloc_arena *arena);

/* All that are parked, linked through `next`. */
struct gilloc_arena *gilloc_arena_take_parked(void);

/* Unmaps a withdrawn arena and gives its record up: after a grace period (arena_release.h). */
void gilloc_arena_forget(struct gilloc_arena *arena);

/* Dirty bytes in free pools: what arena_purge.h can give back; 0 where arenas come from a provider, or are
 * not GILLOC_ARENA_PURGES. Takes no lock: a figure that may be old. */
size_t gilloc_arena_purgeable(void);

/* An empty arena with no more than `limit` dirty pools, `*dirty`, and not the last one: the one that has been
 * empty longest, returned as by gilloc_arena_put_pool. NULL where that one has more, or there is none. */
struct gilloc_arena *gilloc_arena_withdraw_empty(size_t limit, size_t *dirty);

/* Takes up to `limit` dirty pools out of the arena that has had some longest, those that came back first; bit
 * i of `*out` is pool i. They count as used until gilloc_arena_put_dirty. NULL where there are none. */
struct gilloc_arena *gilloc_arena_take_dirty(size_t limit, uint64_t *out);

/* Puts them back, purged or not, to the bottom of the stack, so that warm pools are taken first. An arena of
 * which nothing but purged pools is left, and not the last one, is returned as by gilloc_arena_put_pool. */
struct gilloc_arena *gilloc_arena_put_dirty(struct gilloc_arena *arena, uint64_t out, bool is_purged);

/* How many pools were dirty and free without a break since the last call with `begin`. */
size_t gilloc_arena_idle_pools(bool begin);

/* Sets the provider for good; without a call arenas come from the OS. False, and nothing changed, once an
 * arena has been mapped. (CPython's PyObject_SetArenaAllocator) */
bool gilloc_arena_set_provider(const struct gilloc_arena_provider *provider);

/* Counts since the start of the process. */
struct gilloc_arena_counts {
  size_t mapped_total;     /* arenas ever taken from the provider */
  size_t mapped_now;       /* arenas held */
  size_t mapped_highwater; /* the most ever held at once */
  size_t pools;            /* in the arenas held, free or not */
  size_t free_pools;       /* pools free in the arenas held */
  size_t dirty_pools;      /* of them those that came back and were not purged since */
  size_t purged_pools;     /* ... and those that came back and hold no memory */
  size_t purged_total;     /* pools ever purged */
  size_t python_bot_nodes; /* what CPython 3.11's map would have for all arenas ever held (arena_nodes.h) */
  size_t python_mid_nodes;
};

struct gilloc_arena_counts gilloc_arena_counts(void);

/* True once an arena has been taken; until then no class and no depot has held a block. Enters the guard. */
bool gilloc_arena_was_ever_taken(void);

/* Around fork(2): the guard is held across it. */
void gilloc_arena_before_fork(void);
void gilloc_arena_after_fork(bool in_child);

/* True while list, fingers and counts agree; for deep assertions and tests. Enters the guard. */
bool gilloc_arena_is_consistent(void);

#endif
