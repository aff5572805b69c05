/* SPDX-License-Identifier: MIT
 *
 * rules_model.h: what CPython's pymalloc does with blocks, pools and arenas, written down a second time
 * and plainly: no memory is carved here, a pool's free list is an array of offsets. Given each request and
 * the addresses at which arenas were mapped it says which address a block must have and when an arena must
 * go back. As in CPython, a pool that is listed always has a free block: the next untouched one joins the
 * free list when the last listed block is taken.
 */
#ifndef GILLOC_TESTS_RULES_MODEL_H
#define GILLOC_TESTS_RULES_MODEL_H

#include "geometry.h"

#include <string.h>

enum {
  RULES_CLASSES = 512 / GILLOC_ALIGNMENT,
  RULES_HEADER = 48,
  RULES_POOLS = GILLOC_ARENA_SIZE / GILLOC_POOL_SIZE,
  RULES_BLOCKS = (GILLOC_POOL_SIZE - RULES_HEADER) / GILLOC_ALIGNMENT,
  RULES_ARENAS = 256, /* at once */
  RULES_NO_CLASS = -1
};

struct rules_pool {
  struct rules_arena *arena;
  struct rules_pool *next, *prev; /* in the class's list */
  char *start;
  int size_class;
  unsigned live;
  unsigned next_offset; /* of the next untouched block */
  unsigned free_count;
  uint16_t free[RULES_BLOCKS]; /* offsets; the last is taken first */
};

struct rules_arena {
  struct rules_arena *next, *prev; /* in the list of usable arenas */
  char *base;                      /* NULL: not mapped */
  unsigned serial;                 /* the how manieth to be mapped */
  unsigned total, carved, free_pools, stacked;
  struct rules_pool *stack[RULES_POOLS];
  struct rules_pool pools[RULES_POOLS];
};

struct rules {
  bool keeps_last;
  struct rules_pool *used[RULES_CLASSES];
  struct rules_arena *usable;
  unsigned mapped_total, mapped_now;
  char *offered;  /* the address of an arena, should this step need one; NULL when taken */
  char *released; /* the arena that this step gave back */
  bool broken;    /* an arena was needed but not offered */
  struct rules_arena arenas[RULES_ARENAS];
};

struct rules_place {
  struct rules_pool *pool;
  unsigned offset;
};

static inline size_t rules_block_bytes(int size_class)
{
  return ((size_t)size_class + 1) * GILLOC_ALIGNMENT;
}

static inline bool rules_is_small(size_t size)
{
  return size >= 1 && size <= 512;
}

static inline void rules_unlink_arena(struct rules *rules, struct rules_arena *arena)
{
  if (arena->prev)
    arena->prev->next = arena->next;
  else
    rules->usable = arena->next;
  if (arena->next)
    arena->next->prev = arena->prev;
  arena->next = arena->prev = NULL;
}

/* Right of `left`, or at the head of the list. */
static inline void rules_link_arena(struct rules *rules, struct rules_arena *left, struct rules_arena *arena)
{
  arena->prev = left;
  arena->next = left ? left->next : rules->usable;
  if (arena->next)
    arena->next->prev = arena;
  if (left)
    left->next = arena;
  else
    rules->usable = arena;
}

static inline void rules_unlink_pool(struct rules *rules, struct rules_pool *pool)
{
  if (pool->prev)
    pool->prev->next = pool->next;
  else
    rules->used[pool->size_class] = pool->next;
  if (pool->next)
    pool->next->prev = pool->prev;
  pool->next = pool->prev = NULL;
}

static inline void rules_push_pool(struct rules *rules, struct rules_pool *pool)
{
  pool->prev = NULL;
  pool->next = rules->used[pool->size_class];
  if (pool->next)
    pool->next->prev = pool;
  rules->used[pool->size_class] = pool;
}

/* An arena at the offered address, alone in the list. One that is not at a pool's boundary loses a pool. */
static inline struct rules_arena *rules_map_arena(struct rules *rules)
{
  struct rules_arena *arena = rules->arenas;
  while (arena->base)
    arena++;
  size_t lost = (size_t)(-(uintptr_t)rules->offered % GILLOC_POOL_SIZE);
  memset(arena, 0, sizeof *arena);
  arena->base = rules->offered;
  arena->serial = rules->mapped_total++;
  arena->total = arena->free_pools = lost ? RULES_POOLS - 1 : RULES_POOLS;
  for (unsigned i = 0; i < arena->total; i++) {
    arena->pools[i].arena = arena;
    arena->pools[i].start = rules->offered + lost + (size_t)i * GILLOC_POOL_SIZE;
    arena->pools[i].size_class = RULES_NO_CLASS;
  }
  rules->offered = NULL;
  rules->mapped_now++;
  rules_link_arena(rules, NULL, arena);
  return arena;
}

/* First block handed out, second block on the free list, the rest untouched. */
static inline void rules_init_pool(struct rules_pool *pool, int size_class)
{
  unsigned bytes = (unsigned)rules_block_bytes(size_class);
  if (pool->size_class == size_class)
    return;
  pool->size_class = size_class;
  pool->free_count = 2;
  pool->free[0] = (uint16_t)(RULES_HEADER + bytes);
  pool->free[1] = RULES_HEADER;
  pool->next_offset = RULES_HEADER + 2 * bytes;
}

/* From the arena with the fewest free pools: the pool that came back last, else the next one. */
static inline struct rules_pool *rules_take_pool(struct rules *rules, int size_class)
{
  struct rules_arena *arena = rules->usable;
  if (!arena && !rules->offered) {
    rules->broken = true;
    return NULL;
  }
  if (!arena)
    arena = rules_map_arena(rules);
  struct rules_pool *pool = arena->stacked ? arena->stack[--arena->stacked] : &arena->pools[arena->carved++];
  if (--arena->free_pools == 0)
    rules_unlink_arena(rules, arena);
  rules_init_pool(pool, size_class);
  rules_push_pool(rules, pool);
  return pool;
}

/* The block that a request of `size` bytes, 1 to 512, gets; no pool where the model is broken. */
static inline struct rules_place rules_take(struct rules *rules, size_t size)
{
  int size_class = (int)((size - 1) / GILLOC_ALIGNMENT);
  unsigned bytes = (unsigned)rules_block_bytes(size_class);
  struct rules_pool *pool = rules->used[size_class];
  if (!pool)
    pool = rules_take_pool(rules, size_class);
  if (!pool)
    return (struct rules_place){NULL, 0};
  unsigned offset = pool->free[--pool->free_count];
  pool->live++;
  if (pool->free_count == 0 && pool->next_offset <= GILLOC_POOL_SIZE - bytes) {
    pool->free[pool->free_count++] = (uint16_t)pool->next_offset;
    pool->next_offset += bytes;
  }
  if (pool->free_count == 0)
    rules_unlink_pool(rules, pool);
  return (struct rules_place){pool, offset};
}

/* The arena has one more free pool: it goes back, or to its place in the list. */
static inline void rules_settle_arena(struct rules *rules, struct rules_arena *arena)
{
  if (arena->free_pools == arena->total && (arena->next || !rules->keeps_last)) {
    rules_unlink_arena(rules, arena);
    rules->released = arena->base;
    rules->mapped_now--;
    arena->base = NULL;
    return;
  }
  if (arena->free_pools == 1) {
    rules_link_arena(rules, NULL, arena);
    return;
  }
  struct rules_arena *left = arena;
  while (left->next && left->next->free_pools < arena->free_pools)
    left = left->next;
  if (left == arena)
    return;
  rules_unlink_arena(rules, arena);
  rules_link_arena(rules, left, arena);
}

static inline void rules_put(struct rules *rules, struct rules_place place)
{
  struct rules_pool *pool = place.pool;
  bool was_full = pool->free_count == 0;
  pool->free[pool->free_count++] = (uint16_t)place.offset;
  pool->live--;
  if (was_full) {
    rules_push_pool(rules, pool);
    return;
  }
  if (pool->live > 0)
    return;
  rules_unlink_pool(rules, pool);
  pool->arena->stack[pool->arena->stacked++] = pool;
  pool->arena->free_pools++;
  rules_settle_arena(rules, pool->arena);
}

/* True where a block of the pool that is asked to become `size` bytes stays where it is. */
static inline bool rules_stays(const struct rules_pool *pool, size_t size)
{
  size_t bytes = rules_block_bytes(pool->size_class);
  return size <= bytes && 4 * size > 3 * bytes;
}

static inline bool rules_owns(const struct rules *rules, const char *address)
{
  for (unsigned i = 0; i < RULES_ARENAS; i++)
    if (rules->arenas[i].base && (size_t)(address - rules->arenas[i].base) < GILLOC_ARENA_SIZE)
      return true;
  return false;
}

#endif
