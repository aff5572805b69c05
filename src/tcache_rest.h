/* SPDX-License-Identifier: MIT
 *
 * tcache_rest.h: what only misses of a thread's cache need, in a record of metadata.h that later threads use
 * again: spare magazines, capacities, and what other threads may ask for. The list of all threads' records is
 * under a guard of its own.
 */
#ifndef GILLOC_TCACHE_REST_H
#define GILLOC_TCACHE_REST_H

#include "magazine.h"

#include <stdatomic.h>

enum {
  GILLOC_TCACHE_MAGAZINE_BYTES = 1 << 16, /* of one magazine's blocks, at most ... */
  GILLOC_TCACHE_MAGAZINE_BLOCKS = 8,      /* ... or so many */
  GILLOC_TCACHE_GROWTH_BYTES = 1 << 21,   /* all magazines of classes to LINEAR_MAX together grow by this */
  GILLOC_TCACHE_MEDIUM_TIMES = 2,         /* both so many times for the classes above */
  GILLOC_TCACHE_START_BYTES = 1 << 12,    /* a magazine's first capacity, at least one block */
  GILLOC_TCACHE_STRANGERS = 4,            /* blocks of a class freed before any was taken: to the centre */
  GILLOC_TCACHE_START_BLOCKS = 32,        /* and at most so many */
  GILLOC_TCACHE_TICK_BYTES = 1 << 18,     /* to the depot between two ticks of the purge */
  /* Upper bound of what one thread's cache holds: the growth, and every class's start. */
  GILLOC_TCACHE_BYTES_MAX = GILLOC_TCACHE_GROWTH_BYTES *
                                (GILLOC_BLOCK_MAX > GILLOC_LINEAR_MAX ? 1 + GILLOC_TCACHE_MEDIUM_TIMES : 1) +
                            2 * GILLOC_CLASS_COUNT * GILLOC_TCACHE_START_BYTES + 16 * GILLOC_BLOCK_MAX
};

typedef struct gilloc_magazine *gilloc_tcache_spare;

/* Spares change hands by exchange: who gets one out of its place owns it, its thread or one that trims. */
struct gilloc_tcache_rest {
  _Atomic(gilloc_tcache_spare) spares[GILLOC_CLASS_COUNT]; /* NULL until a loaded one has been full */
  uint32_t capacities[GILLOC_CLASS_COUNT];                 /* of magazines that this thread fills, blocks */
  size_t budgets[2];                     /* bytes by which capacities may still grow: to LINEAR_MAX, above */
  size_t grown;                          /* bytes by which they have grown */
  size_t given;                          /* bytes to the depot, or grown, since the last tick */
  uint8_t strangers[GILLOC_CLASS_COUNT]; /* blocks freed before the first fill */
  uint16_t home;                         /* the depot's shard */
  atomic_bool was_used;                  /* a miss came since the last trim */
  _Atomic size_t told;                   /* what of gilloc_tcache_spare_bytes is its */
  atomic_bool shall_flush;               /* asked for by another thread, done at the next miss */
  struct gilloc_tcache_rest *next;       /* of all threads, under the caches' guard */
  struct gilloc_tcache_rest *prev;
};

/* A record, entered in the list of all threads'; NULL without memory. And one back. */
struct gilloc_tcache_rest *gilloc_tcache_rest_take(void);
void gilloc_tcache_rest_put(struct gilloc_tcache_rest *rest);

/* Takes the thread's spare of the class out of its place: NULL where there is none. */
struct gilloc_magazine *gilloc_tcache_rest_take_spare(struct gilloc_tcache_rest *rest, unsigned size_class);

/* Its place is empty: only its thread fills it. */
void gilloc_tcache_rest_put_spare(struct gilloc_tcache_rest *rest, struct gilloc_magazine *magazine);

/* Lets the class's magazines hold so many blocks, as far as their own bound and the thread's budget go. */
void gilloc_tcache_rest_grow(struct gilloc_tcache_rest *rest, unsigned size_class, size_t blocks);

/* The first miss since the last trim. */
void gilloc_tcache_rest_awake(struct gilloc_tcache_rest *rest);

/* Bytes that spares which grew beyond their start may hold, of all threads that were not idle at the last
 * trim: what later ones will find. Takes no lock. */
size_t gilloc_tcache_spare_bytes(void);

/* To be called at each miss: says that the thread lives. */
static inline void gilloc_tcache_rest_use(struct gilloc_tcache_rest *rest)
{
  if (GILLOC_UNLIKELY(!atomic_load_explicit(&rest->was_used, memory_order_relaxed)))
    gilloc_tcache_rest_awake(rest);
}

/* The spares of all threads, or of those that have had no miss since the last call, as a list. All threads
 * are also asked to flush. */
struct gilloc_magazine *gilloc_tcache_rest_collect(bool of_all);

/* By how many bytes a thread's magazines of blocks to LINEAR_MAX may grow beyond their start, and those of
 * larger ones by GILLOC_TCACHE_MEDIUM_TIMES as many; for threads that start after the call. */
void gilloc_tcache_set_growth(size_t bytes);

/* Around fork(2). The child cannot use what other threads had cached: those blocks stay lost to it, at most
 * GILLOC_TCACHE_BYTES_MAX a thread. */
void gilloc_tcache_before_fork(void);
void gilloc_tcache_after_fork(bool in_child);

#endif
