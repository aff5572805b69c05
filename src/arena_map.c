/* SPDX-License-Identifier: MIT
 *
 * arena_map.c: the tree's root and its writers.
 */
#include "arena_map.h"

#include "os_memory.h"

gilloc_radix_root gilloc_arena_map_root[1 << GILLOC_ARENA_MAP_ROOT_BITS];
_Atomic(gilloc_arena_map_codes) gilloc_arena_map_tables[1 << GILLOC_ARENA_MAP_ROOT_BITS];

static uintptr_t key_of(const char *pool_start)
{
  return (uintptr_t)pool_start >> GILLOC_POOL_BITS;
}

/* Makes sure that the slots [key, key + count) have codes; false without memory. */
static bool reserve_codes(uintptr_t key, size_t count)
{
  if (!GILLOC_HAS_TCACHE)
    return true;
  uintptr_t last = (key + count - 1) >> GILLOC_ARENA_MAP_LEAF_BITS;
  for (uintptr_t i = key >> GILLOC_ARENA_MAP_LEAF_BITS; i <= last; i++) {
    if (atomic_load_explicit(&gilloc_arena_map_tables[i], memory_order_relaxed))
      continue;
    gilloc_arena_map_codes codes = gilloc_os_reserve_for_good(GILLOC_ARENA_MAP_WINDOW_SLOTS);
    if (!codes)
      return false;
    /* pairs with the acquire in gilloc_arena_map_window */
    atomic_store_explicit(&gilloc_arena_map_tables[i], codes, memory_order_release);
  }
  return true;
}

struct gilloc_arena_map_window gilloc_arena_map_window(const void *address)
{
  uintptr_t index = (uintptr_t)address >> GILLOC_ARENA_MAP_WINDOW_BITS;
  /* pairs with the release in reserve_codes */
  return (struct gilloc_arena_map_window){
      index << GILLOC_ARENA_MAP_WINDOW_BITS, GILLOC_ARENA_MAP_WINDOW_SLOTS,
      atomic_load_explicit(&gilloc_arena_map_tables[index], memory_order_acquire)};
}

bool gilloc_arena_map_insert(struct gilloc_arena *arena, char *first_pool, unsigned pools)
{
  if (!gilloc_radix_reserve(gilloc_arena_map_root, gilloc_arena_map_shape(), key_of(first_pool), pools))
    return false;
  if (!reserve_codes(key_of(first_pool), pools))
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
