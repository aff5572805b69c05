/* SPDX-License-Identifier: MIT
 *
 * metadata.h: records of one size for the library's own use (arena records, large-block records, thread
 * caches), carved from mappings of their own, reused last in first out, never unmapped: a record's memory
 * stays a record of that kind for ever, though it may come to read as zero. No lock: the owner's guard
 * covers it.
 */
#ifndef GILLOC_METADATA_H
#define GILLOC_METADATA_H

#include "base.h"

enum {
  GILLOC_METADATA_CHUNK = 1 << 17,
  GILLOC_METADATA_PURGED_MIN =
      1 << 20,                   /* bytes freed since the last purge, for another to be worth its while */
  GILLOC_METADATA_SPAN = 1 << 14 /* the fewest bytes side by side that go */
};

struct gilloc_metadata_record;
struct gilloc_metadata_span;

/* All zero but for record_bytes and alignment at the start. */
struct gilloc_metadata {
  size_t record_bytes;                 /* rounded up to the alignment when carving; at most a chunk */
  size_t alignment;                    /* of every record; a power of two, at most a page */
  struct gilloc_metadata_record *free; /* put back records, linked through their first word */
  char *fresh; /* uncarved rest of the newest mapping, or of a span: [fresh, fresh_end) */
  char *fresh_end;
  struct gilloc_metadata_span *spans; /* purged */
  size_t free_count;                  /* records put back now ... */
  size_t left_count;                  /* ... and after the last purge */
};

/* A record: zeroed when fresh, as it was put back (but for its first word) when reused; NULL without
 * memory. Look at `*fresh` to tell. */
void *gilloc_metadata_take(struct gilloc_metadata *self, bool *fresh);

void gilloc_metadata_put(struct gilloc_metadata *self, void *record);

/* Gives the pages of free records back to the OS, where many are new and lie side by side; returns the bytes.
 * They stay charged: whoever takes them again is not refused. For records that nobody looks at when they are
 * free. */
size_t gilloc_metadata_purge(struct gilloc_metadata *self);

#endif
