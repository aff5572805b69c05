/* SPDX-License-Identifier: MIT
 *
 * region.h: an arena provider: slots of one reserved region, the lowest free one first, so that two
 * allocators with a region each can be compared by offsets. Slots stand side by side. A slot that was given
 * back keeps its contents.
 */
#ifndef GILLOC_TESTS_REGION_H
#define GILLOC_TESTS_REGION_H

#include "fixture.h"

enum { REGION_SLOT_BYTES = 1 << 20, REGION_SLOTS_MAX = 256 };

/* What CPython's map of arenas hangs one bottom node on: regions at the same offset from such a boundary make
 * the same nodes. */
#define REGION_BOUNDARY ((size_t)1 << 34)

struct region {
  char *start;
  size_t slots;
  bool used[REGION_SLOTS_MAX];
};

/* Slots from `before` bytes below a boundary on; false without addresses. */
static inline bool region_init(struct region *self, size_t slots, size_t before)
{
  char *addresses = reserve_addresses(2 * REGION_BOUNDARY, REGION_BOUNDARY);
  if (!addresses)
    return false;
  memset(self->used, 0, sizeof self->used);
  self->slots = slots;
  self->start = addresses + REGION_BOUNDARY - before;
  char *page = (char *)((uintptr_t)self->start & ~(uintptr_t)(TEST_PAGE - 1));
  return mprotect(page, (slots + 1) * REGION_SLOT_BYTES, PROT_READ | PROT_WRITE) == 0;
}

/* NULL where every slot is in use. */
static inline char *region_take(struct region *self)
{
  for (size_t i = 0; i < self->slots; i++)
    if (!self->used[i]) {
      self->used[i] = true;
      return self->start + i * REGION_SLOT_BYTES;
    }
  return NULL;
}

/* False where `slot` is none that is in use. */
static inline bool region_put(struct region *self, const char *slot)
{
  size_t offset = (size_t)(slot - self->start);
  if (offset % REGION_SLOT_BYTES != 0 || offset / REGION_SLOT_BYTES >= self->slots)
    return false;
  bool used = self->used[offset / REGION_SLOT_BYTES];
  self->used[offset / REGION_SLOT_BYTES] = false;
  return used;
}

static inline bool region_has(const struct region *self, const void *address)
{
  return (size_t)((const char *)address - self->start) < self->slots * REGION_SLOT_BYTES;
}

#endif
