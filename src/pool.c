/* SPDX-License-Identifier: MIT
 *
 * pool.c: what goes over a pool's blocks; everything else of a pool is short enough for the header.
 */
#include "pool.h"

#include "platform.h"

bool gilloc_pool_is_consistent(const struct gilloc_pool *pool)
{
  uint32_t blocks = gilloc_pool_blocks(pool->size_class);
  uint32_t listed = 0;
  for (const struct gilloc_block *block = pool->free; block; block = block->next) {
    if (!gilloc_pool_has_block(pool, block) || ++listed > blocks)
      return false;
  }
  return pool->live + listed + pool->uncarved == blocks;
}

void gilloc_pool_pull(const struct gilloc_pool *pool)
{
  size_t stride = gilloc_size_class_bytes(pool->size_class);
  if (stride < GILLOC_CACHE_LINE)
    stride = GILLOC_CACHE_LINE;
  uintptr_t start = (uintptr_t)(pool->carve - 1) & ~(uintptr_t)(GILLOC_POOL_SIZE - 1);
  for (uintptr_t at = start + GILLOC_POOL_FIRST_BLOCK; at < (uintptr_t)pool->carve; at += stride)
    gilloc_pull_line((const void *)at);
}
