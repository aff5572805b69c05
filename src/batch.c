/* SPDX-License-Identifier: MIT
 *
 * batch.c: the walks over blocks, with what each block is asked on its way.
 */
#include "batch.h"

#include "panic.h"

#include <string.h>

/* Blocks that are put below the untouched ones: few, or it is no new thread. */
enum { FEW = 8 };

GILLOC_COLD void gilloc_batch_refuse(const struct gilloc_block *block)
{
  gilloc_panic("double or invalid free of %p: not a live block of its pool", (const void *)block);
}

static bool has_key(unsigned size_class)
{
  return gilloc_block_has_key(gilloc_size_class_bytes(size_class));
}

/* ---- out ---- */

/* A block leaves its pool's list for a magazine. It has the pool's key, or it was written to since, or it is
 * on the list twice. */
static inline void hand_to_magazine(struct gilloc_block *block)
{
  if (GILLOC_UNLIKELY(!gilloc_block_is_free(block)))
    gilloc_block_spoiled(block);
  gilloc_block_mark_cached(block);
}

void gilloc_batch_take_listed(struct gilloc_batch *batch, struct gilloc_pool *pool)
{
  bool is_keyed = has_key(pool->size_class);
  struct gilloc_block *block = pool->free;
  unsigned taken = batch->taken;
  for (; taken < batch->want && block; block = block->next) {
    if (is_keyed)
      hand_to_magazine(block);
    batch->end[-(ptrdiff_t)++taken] = block;
  }
  pool->free = block;
  pool->live += taken - batch->taken;
  batch->taken = taken;
}

void gilloc_batch_take_untouched(struct gilloc_batch *batch, struct gilloc_pool *pool)
{
  unsigned left = batch->want - batch->taken;
  if (left == 0 || pool->uncarved == 0 || batch->untouched > 0)
    return;
  batch->before = batch->taken;
  batch->start = pool->carve;
  batch->untouched = pool->uncarved < left ? pool->uncarved : left;
  batch->taken += batch->untouched;
  pool->live += batch->untouched;
  pool->uncarved -= batch->untouched;
  pool->carve += batch->untouched * gilloc_size_class_bytes(pool->size_class);
}

void gilloc_batch_fill(const struct gilloc_batch *batch, size_t block_bytes)
{
  struct gilloc_block **slot = batch->end - batch->before;
  char *start = batch->start;
  bool is_keyed = gilloc_block_has_key(block_bytes);
  if (batch->before <= FEW) {
    memmove(slot - batch->untouched, slot, batch->before * sizeof(*slot));
    slot = batch->end;
  }
  for (unsigned i = 0; i < batch->untouched; i++, start += block_bytes) {
    struct gilloc_block *block = (struct gilloc_block *)(void *)start;
    if (is_keyed)
      gilloc_block_mark_cached(block);
    *--slot = block;
  }
}

/* ---- in ---- */

/* A block leaves a magazine for its pool: what can be asked without the pool. */
static inline void take_from_magazine(struct gilloc_block *block, unsigned size_class)
{
  uint32_t offset = (uint32_t)((uintptr_t)block & (GILLOC_POOL_SIZE - 1)) - GILLOC_POOL_FIRST_BLOCK;
  if (has_key(size_class)) {
    if (GILLOC_UNLIKELY(!gilloc_block_is_cached(block)))
      gilloc_block_spoiled(block);
    gilloc_block_mark_free(block);
  }
  if (GILLOC_UNLIKELY(offset >= GILLOC_POOL_SIZE || !gilloc_size_class_divides(size_class, offset)))
    gilloc_batch_refuse(block);
}

struct gilloc_batch_run gilloc_batch_link(struct gilloc_block **blocks, unsigned count, unsigned size_class)
{
  const struct gilloc_block *top = blocks[0];
  uintptr_t slot = (uintptr_t)top >> GILLOC_POOL_BITS;
  bool is_keyed = has_key(size_class);
  uint32_t i = 1, highest = 0;
  take_from_magazine(blocks[0], size_class);
  for (; i < count && (uintptr_t)blocks[i] >> GILLOC_POOL_BITS == slot; i++) {
    struct gilloc_block *block = blocks[i];
    take_from_magazine(block, size_class);
    if (!is_keyed && GILLOC_UNLIKELY(block == blocks[i - 1]))
      gilloc_batch_refuse(block);
    block->next = blocks[i - 1];
    highest = block > top ? i : highest;
    top = block > top ? block : top;
  }
  return (struct gilloc_batch_run){i, highest};
}

void gilloc_batch_put(struct gilloc_block **blocks, struct gilloc_batch_run run, struct gilloc_pool *pool)
{
  if (GILLOC_UNLIKELY((const char *)blocks[run.highest] >= pool->carve))
    gilloc_batch_refuse(blocks[run.highest]);
  if (GILLOC_UNLIKELY(pool->live < run.count || pool->free == blocks[0]))
    gilloc_batch_refuse(blocks[0]);
  blocks[0]->next = pool->free;
  pool->free = blocks[run.count - 1];
  pool->live -= run.count;
}
