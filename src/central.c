/* SPDX-License-Identifier: MIT
 *
 * central.c: where a pool and an arena meet; neither knows the other.
 */
#include "central.h"

#include "arena.h"
#include "arena_map.h"
#include "arena_release.h"
#include "batch.h"

#include <string.h>

#define CENTRAL_ROW(size_class, size)                                                                        \
  [size_class] = {.guard = {.rank = GILLOC_RANK_IF_CHECKED(GILLOC_RANK_CENTRAL + (size_class))}},
struct gilloc_central gilloc_centrals[GILLOC_CLASS_COUNT] = {GILLOC_CLASS_SIZES(CENTRAL_ROW)};

/* Freed blocks of a pool that are not worth another home's while. */
enum { FEW = 8 };

/* Runs (batch.h) that are put while the guard is held once. */
enum { RUNS = 64 };

/* Blocks to this size lie close enough together that threads in one pool disturb each other. */
enum { SHARED_BYTES_MAX = 256 };

/* Pools of a class that an order looks at before it opens another. */
enum { LOOKED_AT = 16 };

struct gilloc_pool *gilloc_central_spare;

static struct gilloc_arena *arena_of(const struct gilloc_block *block)
{
  struct gilloc_arena *arena = gilloc_arena_map_arena(gilloc_arena_map_find(block));
  if (GILLOC_UNLIKELY(!arena))
    gilloc_panic("corrupted free list: %p is in no arena", (const void *)block);
  return arena;
}

static inline struct gilloc_pool *pool_of(const struct gilloc_block *block)
{
  if (GILLOC_POOL_HEADER_INLINE)
    return (struct gilloc_pool *)((uintptr_t)block & ~(uintptr_t)(GILLOC_POOL_SIZE - 1));
  struct gilloc_arena *arena = arena_of(block);
  return gilloc_arena_pool_header(arena, gilloc_arena_pool_index(arena, block));
}

/* Takes an empty pool off its class's list. No guard of the class where it is the spare: guards are empty. */
static inline void unlist(struct gilloc_pool *pool) GILLOC_NOT_ANALYSED
{
  struct gilloc_central *self = &gilloc_centrals[pool->size_class];
  gilloc_assert_deep(gilloc_pool_is_consistent(pool));
  gilloc_pool_list_remove(&self->used, pool);
  self->pools--;
}

/* Takes an empty pool off its class's list and the map and puts it back; the arena where that was its last
 * pool in use, and it goes away, else NULL. */
static inline struct gilloc_arena *give_back(struct gilloc_pool *pool)
{
  struct gilloc_arena *arena = arena_of(pool->free);
  unlist(pool);
  gilloc_arena_map_set_code(arena, gilloc_arena_pool_start(arena, pool->index), 0);
  return gilloc_arena_put_pool(arena, pool->index);
}

/* Before anything that the arenas notice. */
static inline void settle_spare(void)
{
  struct gilloc_pool *spare = gilloc_central_spare;
  if (GILLOC_HAS_TCACHE || GILLOC_LIKELY(!spare))
    return;
  gilloc_central_spare = NULL;
  if (spare->live == 0 && give_back(spare))
    gilloc_panic("corrupted arena: the spare pool %p was its last", (void *)spare);
}

/* An empty spare, off its list: what the arenas would hand out next. It goes on being the spare. */
static inline bool take_spare(struct gilloc_pool_slot *slot)
{
  struct gilloc_pool *spare = gilloc_central_spare;
  if (GILLOC_HAS_TCACHE || !spare || spare->live > 0)
    return false;
  *slot = (struct gilloc_pool_slot){arena_of(spare->free), spare->index, false};
  unlist(spare);
  return true;
}

static inline bool take_pool(struct gilloc_pool_slot *slot)
{
  if (take_spare(slot))
    return true;
  settle_spare();
  return gilloc_arena_take_pool(slot);
}

/* A new front pool; NULL without memory. */
static inline struct gilloc_pool *add_pool(struct gilloc_central *self, unsigned size_class)
    GILLOC_REQUIRES(self->guard)
{
  struct gilloc_pool_slot slot;
  if (!take_pool(&slot))
    return NULL;
  struct gilloc_pool *pool = gilloc_arena_pool_header(slot.arena, slot.index);
  char *start = gilloc_arena_pool_start(slot.arena, slot.index);
  if (slot.fresh)
    pool->size_class = GILLOC_POOL_NO_CLASS;
  gilloc_pool_init(pool, start, size_class);
  pool->index = (uint16_t)slot.index;
  gilloc_arena_map_set_code(slot.arena, start, size_class + 1);
  gilloc_pool_list_push(&self->used, pool);
  self->pools++;
  return pool;
}

/* A block of the front pool, which leaves the list when that was its last. */
static inline struct gilloc_block *take_front(struct gilloc_central *self, unsigned size_class)
    GILLOC_REQUIRES(self->guard)
{
  struct gilloc_pool *pool = self->used;
  struct gilloc_block *block = gilloc_pool_take(pool, gilloc_size_class_bytes(size_class));
  if (GILLOC_UNLIKELY(gilloc_pool_is_full(pool)))
    gilloc_pool_list_remove(&self->used, pool);
  return block;
}

struct gilloc_block *gilloc_central_take(unsigned size_class)
{
  struct gilloc_central *self = &gilloc_centrals[size_class];
  struct gilloc_block *block = NULL;
  struct gilloc_guard_node node;
  gilloc_guard_enter(&self->guard, &node);
  if (GILLOC_LIKELY(self->used) || add_pool(self, size_class))
    block = take_front(self, size_class);
  gilloc_guard_leave(&self->guard, &node);
  return block;
}

/* True where the pool has freed blocks that are worth another home's while: of a large pool a few, of any
 * more than a thirty-second. */
static bool has_many_freed(const struct gilloc_pool *pool)
{
  uint32_t blocks = gilloc_pool_blocks(pool->size_class);
  uint32_t few = blocks / 32 < FEW ? blocks / 32 : FEW;
  return blocks - pool->live - pool->uncarved > few;
}

static bool is_for(const struct gilloc_pool *pool, uint16_t home)
{
  return pool->home == home || gilloc_size_class_bytes(pool->size_class) > SHARED_BYTES_MAX;
}

static struct gilloc_pool *find_pool(const struct gilloc_central *self, uint16_t home)
    GILLOC_REQUIRES(self->guard)
{
  struct gilloc_pool *pool = self->used;
  for (unsigned i = 0; i < LOOKED_AT && pool; i++, pool = pool->next)
    if (is_for(pool, home) || has_many_freed(pool))
      return pool;
  return NULL;
}

/* A pool that serves the home, a new one if need be, and without memory for that whichever there is. */
static struct gilloc_pool *get_pool(struct gilloc_central *self, unsigned size_class, uint16_t home)
    GILLOC_REQUIRES(self->guard)
{
  struct gilloc_pool *pool = find_pool(self, home);
  if (pool)
    return pool;
  pool = add_pool(self, size_class);
  if (!pool)
    return self->used;
  pool->home = (uint8_t)home;
  pool->is_pulled = false;
  return pool;
}

/* Takes of a pool's list. Where most of the pool is on it, in an order that may be any, the walk would wait
 * for each block: they are brought here first, and not again before the list has been empty. */
static void take_listed(struct gilloc_pool *pool, struct gilloc_batch *batch)
{
  if (!pool->free)
    return;
  if (!pool->is_pulled && gilloc_pool_is_mostly_listed(pool)) {
    gilloc_pool_pull(pool);
    pool->is_pulled = true;
  }
  gilloc_batch_take_listed(batch, pool);
  pool->is_pulled &= pool->free != NULL;
}

unsigned gilloc_central_take_blocks(unsigned size_class, struct gilloc_central_order order,
                                    struct gilloc_block **end)
{
  struct gilloc_central *self = &gilloc_centrals[size_class];
  struct gilloc_batch batch = {.end = end, .want = order.want};
  unsigned before = 1;
  struct gilloc_guard_node node;
  gilloc_guard_enter(&self->guard, &node);
  struct gilloc_pool *pool = get_pool(self, size_class, order.home);
  while (batch.taken < order.want && pool && batch.taken != before) {
    before = batch.taken;
    take_listed(pool, &batch);
    if (is_for(pool, order.home) || batch.taken == 0)
      gilloc_batch_take_untouched(&batch, pool);
    if (gilloc_pool_is_full(pool))
      gilloc_pool_list_remove(&self->used, pool);
    pool = batch.taken < order.want ? find_pool(self, order.home) : NULL;
  }
  gilloc_guard_leave(&self->guard, &node);
  gilloc_batch_fill(&batch, gilloc_size_class_bytes(size_class));
  return batch.taken;
}

/* An empty pool goes back; an arena that thereby became empty is pushed on `*released`. */
static inline void give_pool_back(struct gilloc_pool *pool, struct gilloc_arena **released)
{
  if (pool == gilloc_central_spare)
    gilloc_central_spare = NULL;
  settle_spare();
  struct gilloc_arena *emptied = give_back(pool);
  if (emptied) {
    emptied->next = *released;
    *released = emptied;
  }
}

/* A pool that has got blocks back: into the list where it was full, and away where it is empty. */
static GILLOC_ALWAYS_INLINE void relist(struct gilloc_central *self, struct gilloc_pool *pool, bool was_full,
                                        struct gilloc_arena **released) GILLOC_REQUIRES(self->guard)
{
  if (GILLOC_UNLIKELY(was_full))
    gilloc_pool_list_push(&self->used, pool);
  if (GILLOC_UNLIKELY(pool->live == 0))
    give_pool_back(pool, released);
}

static inline void put_one(struct gilloc_central *self, struct gilloc_block *block,
                           struct gilloc_arena **released) GILLOC_REQUIRES(self->guard)
{
  struct gilloc_pool *pool = pool_of(block);
  if (GILLOC_UNLIKELY(!gilloc_pool_has_block(pool, block) || pool->live == 0 || pool->free == block ||
                      &gilloc_centrals[pool->size_class] != self))
    gilloc_batch_refuse(block);
  bool was_full = gilloc_pool_is_full(pool);
  gilloc_pool_put(pool, block);
  relist(self, pool, was_full, released);
}

/* An empty pool of none or gil: the spare from now on where that may be, else given back. */
static void retire(struct gilloc_pool *pool, struct gilloc_arena **released)
{
  if (pool != gilloc_central_spare)
    settle_spare();
  if (!pool->next && gilloc_arena_would_serve_next(arena_of(pool->free)))
    gilloc_central_spare = pool;
  else
    give_pool_back(pool, released);
}

void gilloc_central_put_checked(struct gilloc_pool *pool, struct gilloc_block *block)
{
  if (GILLOC_UNLIKELY(pool->live == 0))
    gilloc_batch_refuse(block);
  struct gilloc_central *self = &gilloc_centrals[pool->size_class];
  struct gilloc_arena *released = NULL;
  struct gilloc_guard_node node;
  gilloc_guard_enter(&self->guard, &node);
  bool was_full = gilloc_pool_is_full(pool);
  gilloc_pool_put(pool, block);
  if (was_full)
    gilloc_pool_list_push(&self->used, pool);
  else if (pool->live == 0)
    retire(pool, &released);
  gilloc_guard_leave(&self->guard, &node);
  if (GILLOC_UNLIKELY(released != NULL))
    gilloc_arena_release(released);
}

void gilloc_central_put(unsigned size_class, struct gilloc_block *block)
{
  struct gilloc_central *self = &gilloc_centrals[size_class];
  struct gilloc_arena *released = NULL;
  struct gilloc_guard_node node;
  gilloc_guard_enter(&self->guard, &node);
  put_one(self, block, &released);
  gilloc_guard_leave(&self->guard, &node);
  if (GILLOC_UNLIKELY(released != NULL))
    gilloc_arena_release(released);
}

static inline void put_run(struct gilloc_central *self, struct gilloc_block **blocks,
                           struct gilloc_batch_run run, struct gilloc_arena **released)
    GILLOC_REQUIRES(self->guard)
{
  struct gilloc_pool *pool = pool_of(blocks[0]);
  if (GILLOC_UNLIKELY(&gilloc_centrals[pool->size_class] != self))
    gilloc_batch_refuse(blocks[0]);
  bool was_full = gilloc_pool_is_full(pool);
  gilloc_batch_put(blocks, run, pool);
  relist(self, pool, was_full, released);
}

/* Puts some runs' worth of blocks back; how many blocks. The guard is held for a few instructions a run. */
static unsigned put_some(unsigned size_class, struct gilloc_block **blocks, unsigned count)
{
  struct gilloc_central *self = &gilloc_centrals[size_class];
  struct gilloc_batch_run runs[RUNS];
  struct gilloc_arena *released = NULL;
  struct gilloc_guard_node node;
  unsigned made = 0, linked = 0, put = 0;
  for (; made < RUNS && linked < count; linked += runs[made++].count)
    runs[made] = gilloc_batch_link(blocks + linked, count - linked, size_class);
  gilloc_guard_enter(&self->guard, &node);
  for (unsigned i = 0; i < made; put += runs[i++].count)
    put_run(self, blocks + put, runs[i], &released);
  gilloc_guard_leave(&self->guard, &node);
  if (GILLOC_UNLIKELY(released != NULL))
    gilloc_arena_release(released);
  return put;
}

void gilloc_central_put_blocks(unsigned size_class, struct gilloc_block **blocks, unsigned count)
{
  for (unsigned put = 0; put < count;)
    put += put_some(size_class, blocks + put, count - put);
}

/* Takes the keys off and puts them on again: a block met again has none left. Returns the number of blocks.
 */
static unsigned check_pool(struct gilloc_pool *pool)
{
  uintptr_t slot = (uintptr_t)(pool->carve - 1) >> GILLOC_POOL_BITS;
  unsigned count = 0;
  for (struct gilloc_block *block = pool->free; block; block = block->next, count++) {
    bool is_of_pool = (uintptr_t)block >> GILLOC_POOL_BITS == slot && gilloc_pool_has_block(pool, block);
    if (GILLOC_UNLIKELY(!is_of_pool || !gilloc_block_is_free(block)))
      gilloc_block_spoiled(block);
    gilloc_block_mark_live(block);
  }
  for (struct gilloc_block *block = pool->free; block; block = block->next)
    gilloc_block_mark_free(block);
  return count;
}

void gilloc_central_check(void)
{
  unsigned count = 0;
  for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT; size_class++) {
    struct gilloc_central *self = &gilloc_centrals[size_class];
    struct gilloc_guard_node node;
    if (!gilloc_block_has_key(gilloc_size_class_bytes(size_class)))
      continue;
    gilloc_guard_enter(&self->guard, &node);
    for (struct gilloc_pool *pool = self->used; pool && count < GILLOC_CENTRAL_CHECK_BLOCKS;
         pool = pool->next)
      count += check_pool(pool);
    gilloc_guard_leave(&self->guard, &node);
  }
}

void gilloc_central_check_block(const void *address, const char *call)
{
  struct gilloc_guard_node node;
  gilloc_read_enter();
  unsigned code = gilloc_arena_map_code(gilloc_arena_map_find(address));
  bool is_block = true;
  if (code != 0) {
    struct gilloc_central *self = &gilloc_centrals[code - 1];
    gilloc_guard_enter(&self->guard, &node);
    /* Read again: while a pool is of this class, its word changes under this guard only. */
    is_block = gilloc_arena_map_code(gilloc_arena_map_find(address)) == code &&
               gilloc_pool_has_block(pool_of(address), address);
    gilloc_guard_leave(&self->guard, &node);
  }
  gilloc_read_leave();
  if (!is_block)
    gilloc_panic("%s of %p, which is no block that was handed out", call, address);
}

void gilloc_central_before_fork(void) GILLOC_NOT_ANALYSED
{
  for (unsigned size_class = GILLOC_CLASS_COUNT; size_class-- > 0;)
    gilloc_guard_enter(&gilloc_centrals[size_class].guard, &gilloc_centrals[size_class].fork_node);
}

void gilloc_central_after_fork(bool in_child) GILLOC_NOT_ANALYSED
{
  for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT; size_class++)
    gilloc_guard_after_fork(&gilloc_centrals[size_class].guard, &gilloc_centrals[size_class].fork_node,
                            in_child);
}

static struct gilloc_central_counts count(const struct gilloc_central *self, unsigned size_class)
    GILLOC_REQUIRES(self->guard)
{
  settle_spare();
  struct gilloc_central_counts counts = {.pools = self->pools};
  for (const struct gilloc_pool *pool = self->used; pool; pool = pool->next) {
    counts.used_pools++;
    counts.free_blocks += gilloc_pool_blocks(size_class) - pool->live;
  }
  return counts;
}

struct gilloc_central_counts gilloc_central_counts(unsigned size_class)
{
  struct gilloc_central *self = &gilloc_centrals[size_class];
  struct gilloc_guard_node node;
  gilloc_guard_enter(&self->guard, &node);
  struct gilloc_central_counts counts = count(self, size_class);
  gilloc_guard_leave(&self->guard, &node);
  return counts;
}

void gilloc_central_count_all(struct gilloc_central_counts *classes, struct gilloc_arena_counts *ground)
    GILLOC_NOT_ANALYSED
{
  struct gilloc_guard_node nodes[GILLOC_CLASS_COUNT];
  for (unsigned size_class = GILLOC_CLASS_COUNT; size_class-- > 0;)
    gilloc_guard_enter(&gilloc_centrals[size_class].guard, &nodes[size_class]);
  settle_spare();
  *ground = gilloc_arena_counts();
  for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT; size_class++) {
    classes[size_class] = count(&gilloc_centrals[size_class], size_class);
    gilloc_guard_leave(&gilloc_centrals[size_class].guard, &nodes[size_class]);
  }
}
