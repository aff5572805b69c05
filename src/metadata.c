/* SPDX-License-Identifier: MIT
 *
 * metadata.c: carve, put, take again.
 */
#include "metadata.h"

#include "os_memory.h"

void *gilloc_metadata_take(struct gilloc_metadata *self, bool *fresh)
{
  void *record = self->free;
  *fresh = record == NULL;
  if (record) {
    self->free = *(void **)record;
    return record;
  }
  size_t bytes = (self->record_bytes + self->alignment - 1) & ~(self->alignment - 1);
  if ((size_t)(self->fresh_end - self->fresh) < bytes) {
    char *chunk = gilloc_os_map(GILLOC_METADATA_CHUNK);
    if (!chunk)
      return NULL;
    self->fresh = chunk;
    self->fresh_end = chunk + GILLOC_METADATA_CHUNK;
  }
  record = self->fresh;
  self->fresh += bytes;
  return record;
}

void gilloc_metadata_put(struct gilloc_metadata *self, void *record)
{
  *(void **)record = self->free;
  self->free = record;
}
