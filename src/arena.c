/* SPDX-License-Identifier: MIT
 *
 * arena.c: the usable list with its fingers. rightmost[k] is the last arena of the list that has k free
 * pools, NULL where none has: it makes "slide right past the arenas with fewer" one step (bpo-37029).
 */
#include "arena.h"

#include "arena_map.h"
#include "arena_nodes.h"
#include "guard.h"
#include "metadata.h"
#include "os_memory.h"

#include <errno.h>

static void *map_from_os(void *context, size_t bytes)
{
  (void)context;
  return GILLOC_ARENA_ALIGNED ? gilloc_os_map_aligned(bytes, bytes) : gilloc_os_map(bytes);
}

static void unmap_to_os(void *context, void *start, size_t bytes)
{
  (void)context;
  gilloc_os_unmap(start, bytes);
}

static struct {
  struct gilloc_guard guard;
  struct gilloc_guard_node fork_node;
  struct gilloc_arena *usable; /* head: fewest free pools */
  struct gilloc_arena *rightmost[GILLOC_ARENA_POOLS + 1];
  struct gilloc_metadata records;
  struct gilloc_arena *deferred; /* to be released by the next thread that may wait for a grace period */
  struct gilloc_arena_provider provider; /* constant from the first arena on, so read without the guard */
  struct gilloc_arena_counts counts;
  struct gilloc_arena_nodes nodes;
} arenas = {
    .guard = {.rank = GILLOC_RANK_GROUND},
    .provider = {map_from_os, unmap_to_os, NULL},
    .records = {.record_bytes = sizeof(struct gilloc_arena), .alignment = GILLOC_ARENA_MAP_RECORD_ALIGNMENT}};

/* Sets the record up as an arena without a used pool; the mapping is the caller's. */
static void arena_init(struct gilloc_arena *arena, char *start)
{
  uintptr_t excess = (uintptr_t)start & (GILLOC_POOL_SIZE - 1);
  arena->next = NULL;
  arena->prev = NULL;
  arena->start = start;
  arena->first_pool = start + (excess ? GILLOC_POOL_SIZE - excess : 0);
  arena->total_pools = GILLOC_ARENA_POOLS - (excess ? 1 : 0);
  arena->carved_pools = 0;
  arena->free_pools = arena->total_pools;
  arena->stacked_pools = 0;
}

bool gilloc_arena_set_provider(const struct gilloc_arena_provider *provider)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&arenas.guard, &node);
  bool early = arenas.counts.mapped_total == 0;
  if (early)
    arenas.provider = *provider;
  gilloc_guard_leave(&arenas.guard, &node);
  return early;
}

static char *provider_map(void)
{
  return arenas.provider.map(arenas.provider.context, GILLOC_ARENA_SIZE);
}

static void provider_unmap(char *start)
{
  arenas.provider.unmap(arenas.provider.context, start, GILLOC_ARENA_SIZE);
}

static void count_mapped(const struct gilloc_arena *arena) GILLOC_REQUIRES(arenas.guard)
{
  if (GILLOC_STATS_MAP_LEVELS == 3)
    gilloc_arena_nodes_add(&arenas.nodes, (uintptr_t)arena->start);
  arenas.counts.pools += arena->total_pools;
  arenas.counts.mapped_total++;
  arenas.counts.mapped_now++;
  if (arenas.counts.mapped_now > arenas.counts.mapped_highwater)
    arenas.counts.mapped_highwater = arenas.counts.mapped_now;
}

/* A new arena as the only one of an empty usable list; NULL without memory, with nothing changed. */
static struct gilloc_arena *arena_map_new(void) GILLOC_REQUIRES(arenas.guard)
{
  bool fresh;
  struct gilloc_arena *arena = gilloc_metadata_take(&arenas.records, &fresh);
  if (!arena)
    return NULL;
  char *start = provider_map();
  if (!start) {
    gilloc_metadata_put(&arenas.records, arena);
    return NULL;
  }
  arena_init(arena, start);
  if (!gilloc_arena_map_insert(arena, arena->first_pool, arena->total_pools)) {
    provider_unmap(start);
    gilloc_metadata_put(&arenas.records, arena);
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
  if (arena) {
    slot->arena = arena;
    slot->fresh = arena->stacked_pools == 0;
    slot->index = slot->fresh ? arena->carved_pools++ : arena->stack[--arena->stacked_pools];
    head_lost_pool(arena);
  }
  gilloc_guard_leave(&arenas.guard, &node);
  return arena != NULL;
}

static void list_unlink(struct gilloc_arena *arena) GILLOC_REQUIRES(arenas.guard)
{
  if (arena->prev)
    arena->prev->next = arena->next;
  else
    arenas.usable = arena->next;
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

/* Counts the pool that came back and keeps the list ascending. True when the arena is empty and has left
 * the list. The order of the cases is CPython's. */
static bool gained_pool(struct gilloc_arena *arena) GILLOC_REQUIRES(arenas.guard)
{
  uint32_t before = arena->free_pools;
  struct gilloc_arena *last = arenas.rightmost[before];
  if (last == arena) {
    struct gilloc_arena *left = arena->prev;
    arenas.rightmost[before] = left && left->free_pools == before ? left : NULL;
  }
  arena->free_pools = before + 1;
  if (arena->free_pools == arena->total_pools && (arena->next || !GILLOC_ARENA_KEEPS_LAST)) {
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

struct gilloc_arena *gilloc_arena_put_pool(struct gilloc_arena *arena, unsigned index)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&arenas.guard, &node);
  arena->stack[arena->stacked_pools++] = (uint8_t)index;
  bool emptied = gained_pool(arena);
  if (emptied) {
    gilloc_arena_map_remove(arena->first_pool, arena->total_pools);
    arenas.counts.mapped_now--;
    arenas.counts.pools -= arena->total_pools;
    arena->next = NULL;
  }
  gilloc_guard_leave(&arenas.guard, &node);
  return emptied ? arena : NULL;
}

/* Leaves the arenas to a later release. */
static void defer_release(struct gilloc_arena *released)
{
  struct gilloc_guard_node node;
  struct gilloc_arena *last = released;
  while (last->next)
    last = last->next;
  gilloc_guard_enter(&arenas.guard, &node);
  last->next = arenas.deferred;
  arenas.deferred = released;
  gilloc_guard_leave(&arenas.guard, &node);
}

static struct gilloc_arena *take_deferred(void)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&arenas.guard, &node);
  struct gilloc_arena *deferred = arenas.deferred;
  arenas.deferred = NULL;
  gilloc_guard_leave(&arenas.guard, &node);
  return deferred;
}

/* After the grace period. */
static void release_now(struct gilloc_arena *released)
{
  while (released) {
    struct gilloc_guard_node node;
    struct gilloc_arena *next = released->next;
    provider_unmap(released->start);
    gilloc_guard_enter(&arenas.guard, &node);
    gilloc_metadata_put(&arenas.records, released);
    gilloc_guard_leave(&arenas.guard, &node);
    released = next;
  }
}

void gilloc_arena_release(struct gilloc_arena *released)
{
  if (!released)
    return;
  int error = errno;
  if (gilloc_read_is_open()) {
    defer_release(released);
  } else {
    struct gilloc_arena *deferred = take_deferred();
    gilloc_read_synchronize();
    release_now(released);
    release_now(deferred);
  }
  errno = error;
}

struct gilloc_arena_counts gilloc_arena_counts(void)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&arenas.guard, &node);
  struct gilloc_arena_counts counts = arenas.counts;
  counts.free_pools = 0;
  counts.python_bot_nodes = gilloc_arena_nodes_bot(&arenas.nodes);
  counts.python_mid_nodes = gilloc_arena_nodes_mid(&arenas.nodes);
  for (const struct gilloc_arena *arena = arenas.usable; arena; arena = arena->next)
    counts.free_pools += arena->free_pools;
  gilloc_guard_leave(&arenas.guard, &node);
  return counts;
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
