/* SPDX-License-Identifier: MIT
 *
 * metadata.c: carve, put, take again; and spans, side by side records whose pages were purged, which are
 * carved anew. A span's header lies in its first page, which stays.
 */
#include "metadata.h"

#include "os_memory.h"

#include <string.h>

struct gilloc_metadata_record {
  struct gilloc_metadata_record *next;
};

struct gilloc_metadata_span {
  struct gilloc_metadata_span *next;
  char *end;
};

static size_t record_bytes(const struct gilloc_metadata *self)
{
  return (self->record_bytes + self->alignment - 1) & ~(self->alignment - 1);
}

/* Something to carve from: [fresh, fresh_end). */
static bool refill(struct gilloc_metadata *self)
{
  struct gilloc_metadata_span *span = self->spans;
  if (span) {
    self->spans = span->next;
    self->fresh = (char *)span;
    self->fresh_end = span->end;
    memset(span, 0, sizeof *span);
    return true;
  }
  char *chunk = gilloc_os_map(GILLOC_METADATA_CHUNK);
  if (!chunk)
    return false;
  self->fresh = chunk;
  self->fresh_end = chunk + GILLOC_METADATA_CHUNK;
  return true;
}

void *gilloc_metadata_take(struct gilloc_metadata *self, bool *fresh)
{
  struct gilloc_metadata_record *record = self->free;
  *fresh = record == NULL;
  if (record) {
    self->free = record->next;
    self->free_count--;
    return record;
  }
  size_t bytes = record_bytes(self);
  if ((size_t)(self->fresh_end - self->fresh) < bytes && !refill(self))
    return NULL;
  char *carved = self->fresh;
  self->fresh += bytes;
  return carved;
}

static void push(struct gilloc_metadata *self, struct gilloc_metadata_record *record)
{
  record->next = self->free;
  self->free = record;
  self->free_count++;
}

void gilloc_metadata_put(struct gilloc_metadata *self, void *record)
{
  push(self, record);
}

/* ---- purging ---- */

static struct gilloc_metadata_record *merge(struct gilloc_metadata_record *a,
                                            struct gilloc_metadata_record *b)
{
  struct gilloc_metadata_record *list = NULL, **end = &list;
  while (a && b) {
    struct gilloc_metadata_record **low = (uintptr_t)a < (uintptr_t)b ? &a : &b;
    *end = *low;
    end = &(*low)->next;
    *low = (*low)->next;
  }
  *end = a ? a : b;
  return list;
}

/* By address. lists[i] has 2^i records, or none. */
static struct gilloc_metadata_record *sort(struct gilloc_metadata_record *list)
{
  struct gilloc_metadata_record *lists[48] = {NULL}, *sorted = NULL;
  while (list) {
    struct gilloc_metadata_record *one = list;
    list = list->next;
    one->next = NULL;
    unsigned i = 0;
    for (; lists[i]; i++) {
      one = merge(lists[i], one);
      lists[i] = NULL;
    }
    lists[i] = one;
  }
  for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
    sorted = merge(lists[i], sorted);
  return sorted;
}

/* Purges what it can of [start, end), free records all, and makes a span of it; the bytes that went. */
static size_t purge_span(struct gilloc_metadata *self, char *start, char *end)
{
  uintptr_t mask = ~(uintptr_t)(gilloc_os_page_size() - 1);
  char *from = (char *)(((uintptr_t)start + sizeof(struct gilloc_metadata_span) + ~mask) & mask);
  char *to = (char *)((uintptr_t)end & mask);
  if (to <= from || (size_t)(to - from) < GILLOC_METADATA_SPAN || !gilloc_os_purge(from, (size_t)(to - from)))
    return 0;
  memset(start, 0, (size_t)(from - start));
  memset(to, 0, (size_t)(end - to));
  struct gilloc_metadata_span *span = (struct gilloc_metadata_span *)(void *)start;
  *span = (struct gilloc_metadata_span){self->spans, end};
  self->spans = span;
  return (size_t)(to - from);
}

size_t gilloc_metadata_purge(struct gilloc_metadata *self)
{
  size_t purged = 0, bytes = record_bytes(self);
  if (self->free_count <= self->left_count ||
      (self->free_count - self->left_count) * bytes < GILLOC_METADATA_PURGED_MIN)
    return 0;
  struct gilloc_metadata_record *list = sort(self->free);
  self->free = NULL;
  self->free_count = 0;
  while (list) {
    struct gilloc_metadata_record *first = list;
    char *end = (char *)first + bytes;
    for (list = list->next; list && (char *)list == end; list = list->next)
      end += bytes;
    size_t gone = purge_span(self, (char *)first, end);
    purged += gone;
    for (char *record = (char *)first; gone == 0 && record < end; record += bytes)
      push(self, (struct gilloc_metadata_record *)(void *)record);
  }
  self->left_count = self->free_count;
  return purged;
}
