/* SPDX-License-Identifier: MIT
 *
 * arena_purge.c: empty arenas go whole; of the others take pools out, madvise, put them back; one at a time.
 */
#include "arena_purge.h"

#include "os_memory.h"

/* Purges the pools of `out`, neighbours together; false where the kernel refuses: it may have done a part. */
static bool purge_pools(const struct gilloc_arena *arena, uint64_t out)
{
  while (out != 0) {
    unsigned first = (unsigned)__builtin_ctzll(out);
    uint64_t rest = ~(out >> first);
    unsigned count = rest == 0 ? 64 - first : (unsigned)__builtin_ctzll(rest);
    if (!gilloc_os_purge(gilloc_arena_pool_start(arena, first), (size_t)count << GILLOC_POOL_BITS))
      return false;
    out &= count == 64 ? 0 : ~((((uint64_t)1 << count) - 1) << first);
  }
  return true;
}

static void push(struct gilloc_arena **emptied, struct gilloc_arena *arena)
{
  arena->next = *emptied;
  *emptied = arena;
}

/* Withdraws empty arenas with no more than `wanted` dirty pools among them; returns how many these were. */
static size_t withdraw_empties(size_t wanted, struct gilloc_arena **emptied)
{
  size_t pools = 0, dirty;
  struct gilloc_arena *arena;
  while ((arena = gilloc_arena_withdraw_empty(wanted - pools, &dirty))) {
    pools += dirty;
    push(emptied, arena);
  }
  return pools;
}

size_t gilloc_arena_purge(size_t bytes, struct gilloc_arena **emptied)
{
  size_t wanted = (bytes >> GILLOC_POOL_BITS) + ((bytes & (GILLOC_POOL_SIZE - 1)) != 0);
  size_t pools = withdraw_empties(wanted, emptied);
  bool is_purged = gilloc_arena_purgeable() != 0;
  while (is_purged && pools < wanted) {
    uint64_t out;
    struct gilloc_arena *arena = gilloc_arena_take_dirty(wanted - pools, &out);
    if (!arena)
      break;
    is_purged = purge_pools(arena, out);
    pools += is_purged ? (size_t)__builtin_popcountll(out) : 0;
    struct gilloc_arena *empty = gilloc_arena_put_dirty(arena, out, is_purged);
    if (empty)
      push(emptied, empty);
  }
  return pools << GILLOC_POOL_BITS;
}

size_t gilloc_arena_purge_all(struct gilloc_arena **emptied)
{
  return gilloc_arena_purge(SIZE_MAX, emptied);
}

size_t gilloc_arena_purge_idle(struct gilloc_arena **emptied)
{
  size_t purged = gilloc_arena_purge(gilloc_arena_idle_pools(false) << GILLOC_POOL_BITS, emptied);
  gilloc_arena_idle_pools(true);
  return purged;
}
