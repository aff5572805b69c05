/* SPDX-License-Identifier: MIT
 *
 * pool.c: the walking check; everything else of a pool is short enough for the header.
 */
#include "pool.h"

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
