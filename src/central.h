/* SPDX-License-Identifier: MIT
 *
 * central.h: the centre: a guard and a list of used pools for each size class. Hands out blocks and takes
 * them back, one or many at a time; gets pools from the arenas and gives empty ones back. Knows no cache.
 *
 *   central_take -> [front pool of the class] -> else arena_take_pool
 *   central_put  -> the block's pool -> empty: arena_put_pool -> arena empty: arena_release
 *
 * Thread-safe: each call enters the class's guard itself. Blocks in pools carry their pool's key (block.h); a
 * single block comes with it, and its taker clears it.
 */
#ifndef GILLOC_CENTRAL_H
#define GILLOC_CENTRAL_H

#include "guard.h"
#include "pool.h"

/* A size class's centre. Where the strategy has locks, everything is read and written under the guard. */
struct gilloc_central {
  _Alignas(GILLOC_CACHE_LINE) struct gilloc_guard guard;
  struct gilloc_pool *used; /* front: where all blocks of the class come from */
  size_t pools;             /* used and full */
  struct gilloc_guard_node fork_node;
};

extern GILLOC_HIDDEN struct gilloc_central gilloc_centrals[GILLOC_CLASS_COUNT];

/* Where guards are empty (none, gil): the spare, a pool that stays in its class's list when it becomes empty.
 * If it went back, the arenas would hand it out again next, so nobody can tell: whichever class asks for a
 * pool next gets it, and every call that reaches the arenas puts it back first, if it is empty then. It is
 * the last of its list, or pools behind it would wait longer than they should. NULL: none. */
extern GILLOC_HIDDEN struct gilloc_pool *gilloc_central_spare;

/* True where a block put into the pool makes no difference to any list. */
static GILLOC_ALWAYS_INLINE bool gilloc_central_stays_listed(const struct gilloc_pool *pool)
{
  if (GILLOC_UNLIKELY(gilloc_pool_is_full(pool)))
    return false;
  return GILLOC_LIKELY(pool->live > 1) || (pool == gilloc_central_spare && !pool->next);
}

/* The common case of gilloc_central_take where guards are empty (none, gil): the block that the front pool
 * got back last. NULL where there is none, or where the pool would leave its list. */
static GILLOC_ALWAYS_INLINE struct gilloc_block *gilloc_central_take_ready(size_t size_class)
{
  struct gilloc_pool *pool = gilloc_centrals[size_class].used;
  if (GILLOC_UNLIKELY(!pool) || GILLOC_UNLIKELY(!pool->free))
    return NULL;
  struct gilloc_block *block = pool->free;
  if (GILLOC_UNLIKELY(!block->next && pool->uncarved == 0))
    return NULL;
  pool->free = block->next;
  pool->live++;
  return block;
}

/* One block; NULL without memory. */
struct gilloc_block *gilloc_central_take(unsigned size_class);

/* How many blocks, and for which home: threads that have one in common (depot.h). */
struct gilloc_central_order {
  unsigned want;
  uint16_t home;
};

/* Up to `want` blocks into the slots before `end`, the one to be used first last; returns how many, 0 without
 * memory. Does not break a new pool in for more than the first block. They carry a magazine's key (block.h).
 * Untouched blocks of a pool, up to 256 bytes, go to one home, so that no two threads write side by side from
 * the start; blocks that were freed go to any, unless they are few and would only bring another thread's
 * cache lines along. */
unsigned gilloc_central_take_blocks(unsigned size_class, struct gilloc_central_order order,
                                    struct gilloc_block **end);

/* Puts a block back, which carries its pool's key already, where it can. Panics on a pointer that is no block
 * of the class. */
void gilloc_central_put(unsigned size_class, struct gilloc_block *block);

/* Puts `count` blocks with a magazine's key back; panics where one has lost it. */
void gilloc_central_put_blocks(unsigned size_class, struct gilloc_block **blocks, unsigned count);

/* gilloc_central_put, for none and gil, of a block of `pool` that does not look free; the pool may become the
 * spare. */
void gilloc_central_put_checked(struct gilloc_pool *pool, struct gilloc_block *block);

/* Panics where a free block is on its pool's list twice or was written to since it was freed. Looks at
 * GILLOC_CENTRAL_CHECK_BLOCKS of them, in the pools used last, and to the end of a pool. */
void gilloc_central_check(void);

enum { GILLOC_CENTRAL_CHECK_BLOCKS = 1 << 13 };

/* Panics, naming the public function, where `address` lies in a pool of ours but in no block of it that was
 * ever handed out. For a pointer that may be anything: goes to the pool in a read section, because the arena
 * may be going away. */
void gilloc_central_check_block(const void *address, const char *call);

/* Around fork(2): all classes' guards, in the order of the lock law. */
void gilloc_central_before_fork(void);
void gilloc_central_after_fork(bool in_child);

/* What a class holds, for reports and tests. */
struct gilloc_central_counts {
  size_t pools;       /* all that are of the class, full ones included */
  size_t used_pools;  /* pools with live and with free blocks */
  size_t free_blocks; /* blocks to be had without a new pool */
};

struct gilloc_central_counts gilloc_central_counts(unsigned size_class);

struct gilloc_arena_counts;

/* All classes (GILLOC_CLASS_COUNT of them) and the arenas at one moment: every guard of them is held. */
void gilloc_central_count_all(struct gilloc_central_counts *classes, struct gilloc_arena_counts *ground);

#endif
