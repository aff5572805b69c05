/* SPDX-License-Identifier: MIT
 *
 * arena.c: the usable list with its fingers. rightmost[k] is the last arena of the list that has k free
 * pools, NULL where none has: it makes "slide right past the arenas with fewer" one step (bpo-37029).
 */
#include "arena.h"

#include "arena_map.h"
#include "arena_nodes.h"
#include "block.h"
#include "guard.h"
#include "os_memory.h"

#include <stdatomic.h>
#include <string.h>

static struct {
  struct gilloc_guard guard;
  struct gilloc_guard_node fork_node;
  struct gilloc_arena *usable; /* head: fewest free pools */
  struct gilloc_arena *rightmost[GILLOC_ARENA_POOLS + 1];
  struct gilloc_arena_counts counts;
  struct gilloc_arena *oldest; /* arenas with dirty pools */
  struct gilloc_arena *newest;
  size_t low;                 /* least dirty pools since the last gilloc_arena_purge_idle */
  _Atomic size_t dirty_pools; /* in all arenas; written under the guard */
} arenas = {.guard = {.rank = GILLOC_RANK_GROUND}};

/* Under the same guard; apart, because it is large and zero, and the others lie where start-up writes. */
static struct gilloc_arena_nodes nodes;

/* Sets the record up as an arena without a used pool. */
static void arena_init(struct gilloc_arena *arena)
{
  arena->next = NULL;
  arena->prev = NULL;
  arena->carved_pools = 0;
  arena->free_pools = arena->total_pools;
  arena->stacked_pools = 0;
  arena->dirty_pools = 0;
  arena->purged = 0;
  arena->unknown = 0;
}

bool gilloc_arena_set_provider(const struct gilloc_arena_provider *provider)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&arenas.guard, &node);
  bool early = arenas.counts.mapped_total == 0;
  if (early)
    gilloc_arena_record_set_provider(provider);
  gilloc_guard_leave(&arenas.guard, &node);
  return early;
}

static void count_mapped(const struct gilloc_arena *arena) GILLOC_REQUIRES(arenas.guard)
{
  if (GILLOC_STATS_MAP_LEVELS == 3)
    gilloc_arena_nodes_add(&nodes, (uintptr_t)arena->start);
  arenas.counts.pools += arena->total_pools;
  arenas.counts.mapped_total++;
  arenas.counts.mapped_now++;
  if (arenas.counts.mapped_now > arenas.counts.mapped_highwater)
    arenas.counts.mapped_highwater = arenas.counts.mapped_now;
}

/* ---- dirty pools (GILLOC_ARENA_PURGES alone) ---- */

static bool is_purged_later(void)
{
  return GILLOC_ARENA_PURGES && gilloc_arena_record_is_from_os();
}

static size_t dirty_pools_now(void)
{
  return atomic_load_explicit(&arenas.dirty_pools, memory_order_relaxed);
}

static void list_dirty(struct gilloc_arena *arena) GILLOC_REQUIRES(arenas.guard)
{
  arena->newer = NULL;
  arena->older = arenas.newest;
  *(arenas.newest ? &arenas.newest->newer : &arenas.oldest) = arena;
  arenas.newest = arena;
}

static void unlist_dirty(struct gilloc_arena *arena) GILLOC_REQUIRES(arenas.guard)
{
  *(arena->older ? &arena->older->newer : &arenas.oldest) = arena->newer;
  *(arena->newer ? &arena->newer->older : &arenas.newest) = arena->older;
}

/* Notes that the arena has `count` dirty pools now. */
static void set_dirty(struct gilloc_arena *arena, uint32_t count) GILLOC_REQUIRES(arenas.guard)
{
  size_t total = dirty_pools_now() + count - arena->dirty_pools;
  if (arena->dirty_pools == 0 && count != 0)
    list_dirty(arena);
  if (arena->dirty_pools != 0 && count == 0)
    unlist_dirty(arena);
  arena->dirty_pools = count;
  atomic_store_explicit(&arenas.dirty_pools, total, memory_order_relaxed);
  if (total < arenas.low)
    arenas.low = total;
}

/* The pool on top of the stack is about to be taken. False where it would have to be charged again and the
 * limit says no. */
static bool may_take_top(struct gilloc_arena *arena, bool *fresh) GILLOC_REQUIRES(arenas.guard)
{
  uint64_t bit = (uint64_t)1 << arena->stack[arena->stacked_pools - 1];
  *fresh = ((arena->purged | arena->unknown) & bit) != 0;
  if (!(arena->purged & bit))
    set_dirty(arena, arena->dirty_pools - 1);
  else if (!gilloc_os_charge(GILLOC_POOL_SIZE))
    return false;
  arena->purged &= ~bit;
  arena->unknown &= ~bit;
  return true;
}

/* A new arena as the only one of an empty usable list; NULL without memory, with nothing changed. */
static struct gilloc_arena *arena_map_new(void) GILLOC_REQUIRES(arenas.guard)
{
  struct gilloc_arena *arena = gilloc_arena_record_take();
  if (!arena)
    return NULL;
  if (arenas.counts.mapped_total == 0)
    gilloc_block_choose_secret();
  arena_init(arena);
  if (!gilloc_arena_map_insert(arena, arena->first_pool, arena->total_pools)) {
    gilloc_arena_record_unmap(arena);
    gilloc_arena_record_put(arena);
    return NULL;
  }
  count_mapped(arena);
  arenas.usable = arena;
  arenas.rightmost[arena->free_pools] = arena;
  return arena;
}

/* The head has lost a pool: it stays the head, or leaves the list when it was its last. */
static void head_lost_pool(struct gilloc_arena *arena) GILLOC_REQUIRES(arenas.guard)
{
  if (arenas.rightmost[arena->free_pools] == arena)
    arenas.rightmost[arena->free_pools] = NULL;
  arena->free_pools--;
  if (arena->free_pools > 0) {
    arenas.rightmost[arena->free_pools] = arena;
    return;
  }
  arenas.usable = arena->next;
  if (arenas.usable)
    arenas.usable->prev = NULL;
}

bool gilloc_arena_take_pool(struct gilloc_pool_slot *slot)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&arenas.guard, &node);
  struct gilloc_arena *arena = arenas.usable ? arenas.usable : arena_map_new();
  bool unlike = false;
  if (GILLOC_ARENA_PURGES && arena && arena->stacked_pools != 0 && !may_take_top(arena, &unlike))
    arena = NULL;
  if (arena) {
    bool stacked = arena->stacked_pools != 0;
    slot->arena = arena;
    slot->fresh = !stacked || unlike;
    slot->index = stacked ? arena->stack[--arena->stacked_pools] : arena->carved_pools++;
    head_lost_pool(arena);
  }
  gilloc_guard_leave(&arenas.guard, &node);
  return arena != NULL;
}

static void list_unlink(struct gilloc_arena *arena) GILLOC_REQUIRES(arenas.guard)
{
  *(arena->prev ? &arena->prev->next : &arenas.usable) = arena->next;
  if (arena->next)
    arena->next->prev = arena->prev;
}

static void list_insert_head(struct gilloc_arena *arena) GILLOC_REQUIRES(arenas.guard)
{
  arena->prev = NULL;
  arena->next = arenas.usable;
  if (arenas.usable)
    arenas.usable->prev = arena;
  arenas.usable = arena;
}

static void list_move_behind(struct gilloc_arena *arena, struct gilloc_arena *left)
    GILLOC_REQUIRES(arenas.guard)
{
  list_unlink(arena);
  arena->prev = left;
  arena->next = left->next;
  if (left->next)
    left->next->prev = arena;
  left->next = arena;
}

/* What becomes of an empty arena when `other` remains usable and `dirty` pools are dirty. CPython's goes at
 * once. One that is purged stays until it is, for memory that comes and goes stays: but where only traffic
 * purges, no more of it than GILLOC_ARENA_DIRTY_MAX, which might have seen the last of the traffic. */
static bool goes_at_once(const struct gilloc_arena *other, size_t dirty) GILLOC_REQUIRES(arenas.guard)
{
  if (!other && GILLOC_ARENA_KEEPS_LAST)
    return false;
  bool is_much = dirty > GILLOC_ARENA_DIRTY_MAX >> GILLOC_POOL_BITS;
  return !is_purged_later() || (is_much && GILLOC_STRATEGY != GILLOC_STRATEGY_FINE);
}

/* Counts the pool that came back and keeps the list ascending. True when the arena is empty, does not stay,
 * and has left the list. The order of the cases is CPython's. */
static bool gained_pool(struct gilloc_arena *arena) GILLOC_REQUIRES(arenas.guard)
{
  uint32_t before = arena->free_pools;
  struct gilloc_arena *last = arenas.rightmost[before];
  if (last == arena) {
    struct gilloc_arena *left = arena->prev;
    arenas.rightmost[before] = left && left->free_pools == before ? left : NULL;
  }
  arena->free_pools = before + 1;
  if (arena->free_pools == arena->total_pools && goes_at_once(arena->next, dirty_pools_now())) {
    list_unlink(arena);
    return true;
  }
  if (before == 0)
    list_insert_head(arena);
  if (!arenas.rightmost[arena->free_pools])
    arenas.rightmost[arena->free_pools] = arena;
  if (before != 0 && arena != last)
    list_move_behind(arena, last);
  return false;
}

/* An arena that has left the list leaves the map and the counts too. */
static void withdraw(struct gilloc_arena *arena) GILLOC_REQUIRES(arenas.guard)
{
  gilloc_arena_map_remove(arena->first_pool, arena->total_pools);
  arenas.counts.mapped_now--;
  arenas.counts.pools -= arena->total_pools;
  arena->next = NULL;
  if (!GILLOC_ARENA_PURGES)
    return;
  set_dirty(arena, 0);
  /* Unmapping takes the charge of all of it back. */
  gilloc_os_charge_anyway((size_t)__builtin_popcountll(arena->purged) * GILLOC_POOL_SIZE);
}

struct gilloc_arena *gilloc_arena_put_pool(struct gilloc_arena *arena, unsigned index)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&arenas.guard, &node);
  arena->stack[arena->stacked_pools++] = (uint8_t)index;
  if (GILLOC_ARENA_PURGES)
    set_dirty(arena, arena->dirty_pools + 1);
  bool emptied = gained_pool(arena);
  if (emptied)
    withdraw(arena);
  gilloc_guard_leave(&arenas.guard, &node);
  return emptied ? arena : NULL;
}

/* gained_pool without a change: an arena that had no free pool becomes the head; the head stays it unless
 * another arena has as few; one that would go away serves nobody. */
static bool would_be_head(const struct gilloc_arena *arena) GILLOC_REQUIRES(arenas.guard)
{
  if (arena->free_pools == 0)
    return true;
  if (arena->free_pools + 1 == arena->total_pools && goes_at_once(arena->next, dirty_pools_now() + 1))
    return false;
  return arenas.usable == arena && arenas.rightmost[arena->free_pools] == arena;
}

bool gilloc_arena_would_serve_next(const struct gilloc_arena *arena)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&arenas.guard, &node);
  bool is_head = would_be_head(arena);
  gilloc_guard_leave(&arenas.guard, &node);
  return is_head;
}

void gilloc_arena_park(struct gilloc_arena *arena)
{
  struct gilloc_guard_node node;
  gilloc_arena_record_purge(arena);
  gilloc_guard_enter(&arenas.guard, &node);
  gilloc_arena_record_park(arena);
  gilloc_guard_leave(&arenas.guard, &node);
}

struct gilloc_arena *gilloc_arena_take_parked(void)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&arenas.guard, &node);
  struct gilloc_arena *parked = gilloc_arena_record_take_parked();
  gilloc_guard_leave(&arenas.guard, &node);
  return parked;
}

void gilloc_arena_forget(struct gilloc_arena *arena)
{
  struct gilloc_guard_node node;
  gilloc_arena_record_unmap(arena);
  gilloc_guard_enter(&arenas.guard, &node);
  gilloc_arena_record_put(arena);
  gilloc_guard_leave(&arenas.guard, &node);
}

/* ---- purging ---- */

/* Moves an arena of the list, or one without free pools, to where it belongs with `free_pools`. */
static void set_free_pools(struct gilloc_arena *arena, uint32_t free_pools) GILLOC_REQUIRES(arenas.guard)
{
  uint32_t before = arena->free_pools, k = free_pools;
  if (before != 0) {
    struct gilloc_arena *left = arena->prev;
    if (arenas.rightmost[before] == arena)
      arenas.rightmost[before] = left && left->free_pools == before ? left : NULL;
    list_unlink(arena);
  }
  arena->free_pools = free_pools;
  if (free_pools == 0)
    return;
  while (k > 0 && !arenas.rightmost[k])
    k--;
  list_insert_head(arena);
  if (k > 0)
    list_move_behind(arena, arenas.rightmost[k]);
  arenas.rightmost[free_pools] = arena;
}

/* Takes up to `limit` dirty pools of an arena out of its stack, the lowest first; a bit each. */
static uint64_t unstack_dirty(struct gilloc_arena *arena, size_t limit) GILLOC_REQUIRES(arenas.guard)
{
  uint64_t out = 0;
  uint32_t kept = 0, taken = 0;
  for (uint32_t i = 0; i < arena->stacked_pools; i++) {
    uint8_t index = arena->stack[i];
    if (taken < limit && !(arena->purged >> index & 1)) {
      out |= (uint64_t)1 << index;
      taken++;
    } else {
      arena->stack[kept++] = index;
    }
  }
  arena->stacked_pools = kept;
  arena->unknown &= ~out;
  set_free_pools(arena, arena->free_pools - taken);
  set_dirty(arena, arena->dirty_pools - taken);
  return out;
}

struct gilloc_arena *gilloc_arena_take_dirty(size_t limit, uint64_t *out)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&arenas.guard, &node);
  struct gilloc_arena *arena = arenas.oldest;
  if (arena)
    *out = unstack_dirty(arena, limit);
  gilloc_guard_leave(&arenas.guard, &node);
  return arena;
}

struct gilloc_arena *gilloc_arena_withdraw_empty(size_t limit, size_t *dirty)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&arenas.guard, &node);
  /* It stands last; with a neighbour it is not the one to keep. */
  struct gilloc_arena *arena = arenas.rightmost[GILLOC_ARENA_POOLS];
  bool goes = arena && is_purged_later() && arena->prev && arena->dirty_pools <= limit;
  if (goes) {
    *dirty = arena->dirty_pools;
    arenas.counts.purged_total += arena->dirty_pools;
    set_free_pools(arena, 0);
    arena->free_pools = arena->total_pools;
    withdraw(arena);
  }
  gilloc_guard_leave(&arenas.guard, &node);
  return goes ? arena : NULL;
}

/* Puts the pools of `out` back below the others. True when the arena is empty and has left list and map. */
static bool put_out(struct gilloc_arena *arena, uint64_t out, bool is_purged) GILLOC_REQUIRES(arenas.guard)
{
  uint32_t count = (uint32_t)__builtin_popcountll(out), at = 0;
  memmove(arena->stack + count, arena->stack, arena->stacked_pools);
  for (uint64_t rest = out; rest != 0; rest &= rest - 1)
    arena->stack[at++] = (uint8_t)__builtin_ctzll(rest);
  arena->stacked_pools += count;
  if (is_purged) {
    arena->purged |= out;
    arenas.counts.purged_total += count;
    gilloc_os_discharge((size_t)count << GILLOC_POOL_BITS);
  } else {
    arena->unknown |= out;
    set_dirty(arena, arena->dirty_pools + count);
  }
  bool is_last = !arenas.usable || (arenas.usable == arena && !arena->next);
  uint32_t free_pools = arena->free_pools + count;
  bool emptied = free_pools == arena->total_pools && arena->dirty_pools == 0 && !is_last;
  set_free_pools(arena, emptied ? 0 : free_pools);
  arena->free_pools = free_pools;
  if (emptied)
    withdraw(arena);
  return emptied;
}

struct gilloc_arena *gilloc_arena_put_dirty(struct gilloc_arena *arena, uint64_t out, bool is_purged)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&arenas.guard, &node);
  bool emptied = put_out(arena, out, is_purged);
  gilloc_guard_leave(&arenas.guard, &node);
  return emptied ? arena : NULL;
}

size_t gilloc_arena_idle_pools(bool begin)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&arenas.guard, &node);
  if (begin)
    arenas.low = dirty_pools_now();
  size_t idle = arenas.low;
  gilloc_guard_leave(&arenas.guard, &node);
  return idle;
}

size_t gilloc_arena_purgeable(void)
{
  size_t pools = dirty_pools_now();
  return pools != 0 && is_purged_later() ? pools << GILLOC_POOL_BITS : 0;
}

struct gilloc_arena_counts gilloc_arena_counts(void)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&arenas.guard, &node);
  struct gilloc_arena_counts counts = arenas.counts;
  counts.free_pools = counts.purged_pools = 0;
  counts.python_bot_nodes = gilloc_arena_nodes_bot(&nodes);
  counts.python_mid_nodes = gilloc_arena_nodes_mid(&nodes);
  counts.dirty_pools = dirty_pools_now();
  for (const struct gilloc_arena *arena = arenas.usable; arena; arena = arena->next) {
    counts.free_pools += arena->free_pools;
    counts.purged_pools += (size_t)__builtin_popcountll(arena->purged);
  }
  gilloc_guard_leave(&arenas.guard, &node);
  return counts;
}

bool gilloc_arena_was_ever_taken(void)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&arenas.guard, &node);
  bool was = arenas.counts.mapped_total != 0;
  gilloc_guard_leave(&arenas.guard, &node);
  return was;
}

void gilloc_arena_before_fork(void) GILLOC_NOT_ANALYSED
{
  gilloc_guard_enter(&arenas.guard, &arenas.fork_node);
}

void gilloc_arena_after_fork(bool in_child) GILLOC_NOT_ANALYSED
{
  gilloc_guard_after_fork(&arenas.guard, &arenas.fork_node, in_child);
}

static bool arena_is_consistent(const struct gilloc_arena *arena) GILLOC_REQUIRES(arenas.guard)
{
  const struct gilloc_arena *next = arena->next;
  bool last_of_count = !next || next->free_pools != arena->free_pools;
  if (arena->free_pools != arena->total_pools - arena->carved_pools + arena->stacked_pools)
    return false;
  if (arena->stacked_pools != arena->dirty_pools + (uint32_t)__builtin_popcountll(arena->purged) &&
      GILLOC_ARENA_PURGES)
    return false;
  if (arena->free_pools == 0 || (next && (next->prev != arena || next->free_pools < arena->free_pools)))
    return false;
  return last_of_count == (arenas.rightmost[arena->free_pools] == arena);
}

bool gilloc_arena_is_consistent(void)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&arenas.guard, &node);
  bool consistent = !arenas.usable || !arenas.usable->prev;
  for (const struct gilloc_arena *arena = arenas.usable; arena && consistent; arena = arena->next)
    consistent = arena_is_consistent(arena);
  gilloc_guard_leave(&arenas.guard, &node);
  return consistent;
}
