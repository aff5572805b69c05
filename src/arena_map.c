/* SPDX-License-Identifier: MIT
 *
 * arena_map.c: the tree's root and its writers.
 */
#include "arena_map.h"

gilloc_radix_root gilloc_arena_map_root[1 << GILLOC_ARENA_MAP_ROOT_BITS];

static uintptr_t key_of(const char *pool_start)
{
  return (uintptr_t)pool_start >> GILLOC_POOL_BITS;
}

bool gilloc_arena_map_insert(struct gilloc_arena *arena, char *first_pool, unsigned pools)
{
  if (!gilloc_radix_reserve(gilloc_arena_map_root, gilloc_arena_map_shape(), key_of(first_pool), pools))
    return false;
  for (unsigned i = 0; i < pools; i++)
    gilloc_radix_set(gilloc_arena_map_root, gilloc_arena_map_shape(), key_of(first_pool) + i,
                     (uintptr_t)arena);
  return true;
}

void gilloc_arena_map_remove(char *first_pool, unsigned pools)
{
  for (unsigned i = 0; i < pools; i++)
    gilloc_radix_set(gilloc_arena_map_root, gilloc_arena_map_shape(), key_of(first_pool) + i, 0);
}

size_t gilloc_arena_map_leaves(void)
{
  size_t leaves = 0;
  for (size_t i = 0; i < (size_t)1 << GILLOC_ARENA_MAP_ROOT_BITS; i++)
    leaves += atomic_load_explicit(&gilloc_arena_map_root[i], memory_order_relaxed) != 0;
  return leaves;
}
