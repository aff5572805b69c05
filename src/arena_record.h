/* SPDX-License-Identifier: MIT
 *
 * arena_record.h: an arena's record and its mapping, and where both come from. An arena that goes is parked
 * until a grace period has passed: readers that hold its word without a guard find its place in the record
 * as it was, and zeros in its memory. The next arena that is wanted is a parked one, in the same place.
 * Guarded by the arenas' guard (arena.c), which callers hold, but for what is said to need none.
 */
#ifndef GILLOC_ARENA_RECORD_H
#define GILLOC_ARENA_RECORD_H

#include "geometry.h"

enum {
  /* 1: free pools are given back to the OS by gilloc_arena_purge. CPython's are not. */
  GILLOC_ARENA_PURGES = GILLOC_HAS_LARGE,
  GILLOC_POOL_RECORD_BYTES = 64,
  GILLOC_POOL_RECORDS = GILLOC_POOL_HEADER_INLINE ? 1 : GILLOC_ARENA_POOLS
};

struct gilloc_arena {
  struct gilloc_arena
      *next; /* right neighbour in the usable list; link while being released and while parked */
  struct gilloc_arena *prev;
  /* Its place, which stands until a grace period has passed. */
  char *start;      /* of the mapping */
  char *first_pool; /* the first pool boundary in it */
  uint32_t total_pools;
  uint32_t carved_pools; /* handed out at least once: those below first_pool + carved_pools pools */
  uint32_t free_pools;   /* uncarved or stacked */
  uint32_t stacked_pools;
  uint32_t dirty_pools;       /* stacked and not purged */
  bool is_uncharged;          /* parked and purged: the mapping is not charged */
  uint64_t purged;            /* bit i: pool i is stacked, purged, and not charged (os_memory.h) */
  uint64_t unknown;           /* bit i: pool i is stacked, charged, and may have been purged in part */
  struct gilloc_arena *older; /* among arenas with dirty pools, by when they first had one */
  struct gilloc_arena *newer;
  uint8_t stack[GILLOC_ARENA_POOLS]; /* pools that came back, last in first out, by index */
  /* Room for the pools' headers where they do not lie in the pools. */
  _Alignas(64) unsigned char pool_records[GILLOC_POOL_RECORDS][GILLOC_POOL_RECORD_BYTES];
};

/* Where arenas come from. `map` returns `bytes` of memory that may be read and written, at any address and
 * with any contents, or NULL; `unmap` gets back what `map` gave and cannot fail. Neither may call this
 * library, whose guards may be held. (CPython's PyObjectArenaAllocator) */
struct gilloc_arena_provider {
  void *(*map)(void *context, size_t bytes);
  void (*unmap)(void *context, void *start, size_t bytes);
  void *context;
};

void gilloc_arena_record_set_provider(const struct gilloc_arena_provider *provider);

/* True where no provider was set. Needs no guard, for that is so from the first arena on. */
bool gilloc_arena_record_is_from_os(void);

/* A record with a mapping: the one parked last, or a new one; all but its place is the caller's to set. NULL
 * without memory. */
struct gilloc_arena *gilloc_arena_record_take(void);

/* Gives the pages of a withdrawn arena back to the OS; a provider's stay as they are. Needs no guard. */
void gilloc_arena_record_purge(struct gilloc_arena *arena);

void gilloc_arena_record_park(struct gilloc_arena *arena);

/* All that are parked, linked through `next`. */
struct gilloc_arena *gilloc_arena_record_take_parked(void);

/* The end of an arena, in two steps: the first needs no guard. */
void gilloc_arena_record_unmap(struct gilloc_arena *arena);
void gilloc_arena_record_put(struct gilloc_arena *arena);

#endif
