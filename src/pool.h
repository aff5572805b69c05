/* SPDX-License-Identifier: MIT
 *
 * pool.h: a pool, GILLOC_POOL_SIZE bytes of blocks of one class.
 *
 *            take last block                       put
 *      +--> full (in no list) ----> used <-----------------+
 *      |                             | |  take, put        |
 *      +-----------------------------+ +-------------------+
 *                                    | put the last live block
 *                                    v
 *                                  empty: back to its arena, any class next time
 *
 * Blocks: [first block, carve) were handed out at least once and are live or on the free list, the rest
 * is untouched memory. Invariant: live + length(free list) + uncarved = blocks a pool of this class.
 * Guarded by the guard of the class's centre. (CPython obmalloc's pool_header: 48 bytes on 64 bits.)
 */
#ifndef GILLOC_POOL_H
#define GILLOC_POOL_H

#include "block.h"
#include "size_class.h"

enum { GILLOC_POOL_NO_CLASS = UINT32_MAX };

struct gilloc_pool {
  uint32_t live;             /* blocks handed out */
  uint32_t size_class;       /* GILLOC_POOL_NO_CLASS until the first use */
  struct gilloc_block *free; /* last put, first taken */
  struct gilloc_pool *next;  /* in the centre's list of used pools */
  struct gilloc_pool *prev;
  char *carve; /* the next untouched block */
  uint32_t uncarved;
  uint16_t index; /* in the arena */
  uint8_t home;   /* of the threads that its untouched blocks are for; where threads have caches */
  bool is_pulled; /* what is on its list was brought near (gilloc_pool_pull) */
};

_Static_assert(sizeof(void *) != 8 || sizeof(struct gilloc_pool) == GILLOC_POOL_HEADER_SIZE, "as in CPython");

/* The space divided by the block size; exact, since space / 2^32 is less than 1 / size (size_class.h). */
static inline uint32_t gilloc_pool_blocks(unsigned size_class)
{
  uint64_t space = GILLOC_POOL_SIZE - GILLOC_POOL_FIRST_BLOCK;
  return (uint32_t)(space * gilloc_size_class_inverses[size_class] >> 32);
}
_Static_assert((uint64_t)GILLOC_POOL_SIZE *GILLOC_BLOCK_MAX < (uint64_t)1 << 32, "for gilloc_pool_blocks");

static inline bool gilloc_pool_is_full(const struct gilloc_pool *pool)
{
  return pool->free == NULL && pool->uncarved == 0;
}

/* Makes an empty pool one of `size_class`. Without caches a pool that was of that class before keeps its free
 * list, so that the block freed last is handed out first (as in CPython); any other starts untouched, which
 * spares the walk over a list that has grown cold. */
static inline void gilloc_pool_init(struct gilloc_pool *pool, char *start, unsigned size_class)
{
  if (!GILLOC_HAS_TCACHE && pool->size_class == size_class)
    return;
  pool->live = 0;
  pool->size_class = size_class;
  pool->free = NULL;
  pool->carve = start + GILLOC_POOL_FIRST_BLOCK;
  pool->uncarved = gilloc_pool_blocks(size_class);
}

/* Takes a block of a pool that is not full: the one put last, or a new one. */
static inline struct gilloc_block *gilloc_pool_take(struct gilloc_pool *pool, size_t block_bytes)
{
  struct gilloc_block *block = pool->free;
  pool->live++;
  if (block) {
    pool->free = block->next;
    return block;
  }
  block = (struct gilloc_block *)(void *)pool->carve;
  pool->carve += block_bytes;
  pool->uncarved--;
  return block;
}

static inline void gilloc_pool_put(struct gilloc_pool *pool, struct gilloc_block *block)
{
  pool->live--;
  block->next = pool->free;
  pool->free = block;
}

/* True where more of the blocks that were handed out at least once are on the list than are live. */
static inline bool gilloc_pool_is_mostly_listed(const struct gilloc_pool *pool)
{
  uint32_t carved = gilloc_pool_blocks(pool->size_class) - pool->uncarved;
  return 2 * pool->live < carved;
}

/* Brings the blocks that were handed out at least once into this processor's caches, in the order of their
 * addresses, which it foresees. */
void gilloc_pool_pull(const struct gilloc_pool *pool);

/* True where `address` is the start of a block that this pool has handed out at least once. */
static inline bool gilloc_pool_has_block(const struct gilloc_pool *pool, const void *address)
{
  uint32_t offset = (uint32_t)((uintptr_t)address & (GILLOC_POOL_SIZE - 1)) - GILLOC_POOL_FIRST_BLOCK;
  return offset < GILLOC_POOL_SIZE && (const char *)address < pool->carve &&
         gilloc_size_class_divides(pool->size_class, offset);
}

/* The centre's list of used pools: front insertion, removal anywhere. */
static inline void gilloc_pool_list_push(struct gilloc_pool **front, struct gilloc_pool *pool)
{
  pool->prev = NULL;
  pool->next = *front;
  if (*front)
    (*front)->prev = pool;
  *front = pool;
}

static inline void gilloc_pool_list_remove(struct gilloc_pool **front, struct gilloc_pool *pool)
{
  if (pool->prev)
    pool->prev->next = pool->next;
  else
    *front = pool->next;
  if (pool->next)
    pool->next->prev = pool->prev;
}

/* True while counts and free list agree: walks the list; for deep assertions and tests. */
bool gilloc_pool_is_consistent(const struct gilloc_pool *pool);

#endif
