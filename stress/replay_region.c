/* SPDX-License-Identifier: MIT
 *
 * replay_region.c: see lab/replay_region.h. A bit a slot says which are taken; `first` bounds the search
 * from below: every slot before it is taken. The library calls with its arenas' guard held.
 */
#include "lab/replay_region.h"

#include "arena.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

enum { SLOTS = 65536, WORDS = SLOTS / 64 };

struct region {
  char *start; /* a multiple of arena_bytes */
  size_t arena_bytes;
  size_t misalign;
  size_t slots;
  size_t first;
  FILE *events;
  uint64_t taken[WORDS];
};

static struct region region;

static bool is_taken(size_t slot)
{
  return region.taken[slot / 64] >> (slot % 64) & 1;
}

static void note(char what, size_t offset, size_t bytes)
{
  if (region.events)
    (void)fprintf(region.events, "%c +%zu %zu\n", what, offset, bytes);
}

static void *take_slot(void *context, size_t bytes)
{
  (void)context;
  while (region.first < region.slots && is_taken(region.first))
    region.first++;
  if (region.first == region.slots || bytes != region.arena_bytes)
    return NULL;
  region.taken[region.first / 64] |= UINT64_C(1) << (region.first % 64);
  size_t offset = region.first * region.arena_bytes + region.misalign;
  note('A', offset, bytes);
  return region.start + offset;
}

static void put_slot(void *context, void *start, size_t bytes)
{
  (void)context;
  size_t offset = (size_t)((char *)start - region.start);
  size_t slot = offset / region.arena_bytes;
  region.taken[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
  if (slot < region.first)
    region.first = slot;
  (void)madvise(start, bytes, MADV_DONTNEED);
  note('a', offset, bytes);
}

bool gilloc_replay_region_install(size_t arena_bytes, size_t misalign, FILE *events)
{
  size_t slots = 2 * SLOTS;
  char *mapped = MAP_FAILED;
  while (mapped == MAP_FAILED && slots > 64) {
    slots /= 2;
    mapped = mmap(NULL, (slots + 2) * arena_bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  }
  if (mapped == MAP_FAILED)
    return false;
  size_t over = (uintptr_t)mapped % arena_bytes;
  region = (struct region){.start = mapped + (over ? arena_bytes - over : 0),
                           .arena_bytes = arena_bytes,
                           .misalign = misalign % arena_bytes,
                           .slots = slots,
                           .events = events};
  struct gilloc_arena_provider provider = {take_slot, put_slot, NULL};
  errno = EBUSY;
  return gilloc_arena_set_provider(&provider);
}

bool gilloc_replay_region_offset(const void *p, size_t *offset)
{
  *offset = (uintptr_t)p - (uintptr_t)region.start;
  return *offset < region.slots * region.arena_bytes + region.misalign;
}
