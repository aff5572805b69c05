/* SPDX-License-Identifier: MIT
 *
 * depot.h: a stock of magazines for each size class, between the threads' caches and the centre. Blocks
 * that one thread frees and another allocates cross here, a magazine at a time: the exchange takes the
 * class's guard for a few instructions and touches no block. What is over the stock's bound goes to the
 * centre, outside the depot's guard.
 *
 *   put: a magazine with blocks -> the stock of its home;  over the bound -> its blocks to their pools
 *   take: the magazine put last to the home; without one there, one that another shard can spare
 *
 * There are GILLOC_DEPOT_SHARDS stocks of a class, and each thread is at home in one, so that what a thread
 * frees in a burst comes back to it and not, with its cache lines, to another core. Of blocks to
 * GILLOC_LINEAR_MAX bytes a shard can spare what the takes of its own threads have left lately: all of it
 * where they only free, nothing where they soon take back what they free. Larger ones it can always spare.
 *
 * Bounded: bytes of blocks in a stock <= GILLOC_DEPOT_CLASS_BYTES. Thread-safe.
 */
#ifndef GILLOC_DEPOT_H
#define GILLOC_DEPOT_H

#include "magazine.h"

enum {
  GILLOC_DEPOT_SHARDS = 8,
  GILLOC_DEPOT_BYTES = 1 << 26,
  GILLOC_DEPOT_CLASS_BYTES = 1 << 21,
  GILLOC_DEPOT_PERIOD = 32,   /* exchanges, at least, that "lately" goes back, twice at most ... */
  GILLOC_DEPOT_REFUSED = 4,   /* ... a refused one counted for so many */
  GILLOC_DEPOT_LOOKED_AT = 2, /* magazines of a stock, by gilloc_depot_has */
  GILLOC_DEPOT_CHECK_BLOCKS = 1 << 15
};

/* Puts a magazine that has blocks; returns one without, which is the caller's: another or, where the stock
 * is at its bound, the same. NULL where there is none: the caller makes one. */
struct gilloc_magazine *gilloc_depot_put(unsigned size_class, struct gilloc_magazine *magazine);

/* A magazine with blocks for the empty one; NULL, and nothing taken, where no stock has one to spare. */
struct gilloc_magazine *gilloc_depot_take(unsigned size_class, struct gilloc_magazine *empty);

/* Gives the blocks of a magazine to the centre and empties it; bytes that went. */
size_t gilloc_depot_drain(struct gilloc_magazine *magazine);

/* Does so with a list of magazines, linked through `next`, and frees them. */
size_t gilloc_depot_drain_list(struct gilloc_magazine *list);

/* Cuts a magazine down to `capacity` slots, if it has more; blocks that do not fit go to the centre. */
void gilloc_depot_narrow(struct gilloc_magazine *magazine, uint32_t capacity);

/* Gives all stocks to the centre; bytes that went. */
size_t gilloc_depot_drain_all(void);

/* Gives the centre what no take has needed since the last call; bytes that went. To be called once in a
 * while. */
size_t gilloc_depot_trim(void);

/* A magazine without blocks, of no class yet; NULL without memory. And one back. */
struct gilloc_magazine *gilloc_depot_new_magazine(void);
void gilloc_depot_free_magazine(struct gilloc_magazine *magazine);

/* Gives the memory of free magazines back to the OS, where there is much of it; returns the bytes. */
size_t gilloc_depot_purge_records(void);

/* True where the block is among those put last to the class's stocks (debug builds: in them at all). Walks
 * them: for a block that looks like a free one, as the head of an empty list does, so not far. */
bool gilloc_depot_has(unsigned size_class, const struct gilloc_block *block);

/* Panics where a block is in the stocks twice or was written to since it was freed. Looks at
 * GILLOC_DEPOT_CHECK_BLOCKS of them, and to the end of a magazine. */
void gilloc_depot_check(void);

/* Bounds the bytes of all classes' stocks together (GILLOC_DEPOT_BYTES at the start). */
void gilloc_depot_set_max(size_t bytes);

/* Bytes of blocks in the stocks. */
size_t gilloc_depot_bytes(void);

/* Around fork(2). */
void gilloc_depot_before_fork(void);
void gilloc_depot_after_fork(bool in_child);

#endif
