/* SPDX-License-Identifier: MIT
 *
 * metadata.h: records of one size for the library's own use (arena records, large-block records, thread
 * caches), carved from mappings of their own, reused last in first out, never given back to the OS: a
 * record's memory stays a record of that kind for ever. No lock: the owner's guard covers it.
 */
#ifndef GILLOC_METADATA_H
#define GILLOC_METADATA_H

#include "base.h"

enum { GILLOC_METADATA_CHUNK = 1 << 17 };

/* All zero but for record_bytes and alignment at the start. */
struct gilloc_metadata {
  size_t record_bytes; /* rounded up to the alignment when carving; at most a chunk */
  size_t alignment;    /* of every record; a power of two, at most a page */
  void *free;          /* put back records, linked through their first word */
  char *fresh;         /* uncarved rest of the newest mapping: [fresh, fresh_end) */
  char *fresh_end;
};

/* A record: zeroed when fresh, as it was put back (but for its first word) when reused; NULL without
 * memory. Look at `*fresh` to tell. */
void *gilloc_metadata_take(struct gilloc_metadata *self, bool *fresh);

void gilloc_metadata_put(struct gilloc_metadata *self, void *record);

#endif
