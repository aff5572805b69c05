/* SPDX-License-Identifier: MIT
 *
 * arena_record.c: records out of metadata, mappings from the provider, and the list of the parked ones.
 */
#include "arena_record.h"

#include "arena_map.h"
#include "metadata.h"
#include "os_memory.h"

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

static struct gilloc_arena_provider provider = {map_from_os, unmap_to_os, NULL};
static struct gilloc_metadata records = {.record_bytes = sizeof(struct gilloc_arena),
                                         .alignment = GILLOC_ARENA_MAP_RECORD_ALIGNMENT};
static struct gilloc_arena *parked; /* the one parked last first */

void gilloc_arena_record_set_provider(const struct gilloc_arena_provider *wanted)
{
  provider = *wanted;
}

bool gilloc_arena_record_is_from_os(void)
{
  return provider.map == map_from_os;
}

static void place(struct gilloc_arena *arena, char *start)
{
  uintptr_t excess = (uintptr_t)start & (GILLOC_POOL_SIZE - 1);
  arena->start = start;
  arena->first_pool = start + (excess ? GILLOC_POOL_SIZE - excess : 0);
  arena->total_pools = GILLOC_ARENA_POOLS - (excess ? 1 : 0);
}

static struct gilloc_arena *map_new(void)
{
  bool fresh;
  struct gilloc_arena *arena = gilloc_metadata_take(&records, &fresh);
  if (!arena)
    return NULL;
  char *start = provider.map(provider.context, GILLOC_ARENA_SIZE);
  if (!start) {
    gilloc_metadata_put(&records, arena);
    return NULL;
  }
  place(arena, start);
  arena->is_uncharged = false;
  return arena;
}

struct gilloc_arena *gilloc_arena_record_take(void)
{
  struct gilloc_arena *arena = parked;
  if (!arena)
    return map_new();
  if (arena->is_uncharged && !gilloc_os_charge(GILLOC_ARENA_SIZE))
    return NULL;
  parked = arena->next;
  arena->is_uncharged = false;
  if (gilloc_arena_record_is_from_os() && GILLOC_ARENA_ALIGNED)
    gilloc_os_advise_huge(arena->start, GILLOC_ARENA_SIZE);
  return arena;
}

void gilloc_arena_record_purge(struct gilloc_arena *arena)
{
  if (arena->is_uncharged || !gilloc_arena_record_is_from_os() ||
      !gilloc_os_purge(arena->start, GILLOC_ARENA_SIZE))
    return;
  gilloc_os_discharge(GILLOC_ARENA_SIZE);
  arena->is_uncharged = true;
}

void gilloc_arena_record_park(struct gilloc_arena *arena)
{
  arena->next = parked;
  parked = arena;
}

struct gilloc_arena *gilloc_arena_record_take_parked(void)
{
  struct gilloc_arena *all = parked;
  parked = NULL;
  return all;
}

void gilloc_arena_record_unmap(struct gilloc_arena *arena)
{
  if (arena->is_uncharged)
    gilloc_os_unmap_uncharged(arena->start, GILLOC_ARENA_SIZE);
  else
    provider.unmap(provider.context, arena->start, GILLOC_ARENA_SIZE);
}

void gilloc_arena_record_put(struct gilloc_arena *arena)
{
  gilloc_metadata_put(&records, arena);
}
