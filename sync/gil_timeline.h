/* SPDX-License-Identifier: MIT
 *
 * gil_timeline.h (internal): one thread's ring of events. One producer, its thread; any number of readers, at
 * any time. Nothing here locks or allocates.
 *
 *   word n % capacity = time of event n << 3 | its kind        written = number of the next event
 *
 * An event is one word, so no reader sees half of one; `written` grows after the word is there.
 */
#ifndef GILLOC_GIL_TIMELINE_H
#define GILLOC_GIL_TIMELINE_H

#include "base.h"

#include <gilloc/timeline.h>

enum { GILLOC_TIMELINE_KIND_BITS = 3 };

/* False, with nothing changed, where the ring cannot be. */
bool gilloc_timeline_init(struct gilloc_timeline *timeline, uint64_t *storage, size_t capacity);

/* The thread's own. 61 bits of nanoseconds are 73 years of uptime. */
static inline void gilloc_timeline_record(struct gilloc_timeline *timeline, enum gilloc_timeline_kind kind,
                                          uint64_t at_ns)
{
  uint64_t n = timeline->written;
  uint64_t word = at_ns << GILLOC_TIMELINE_KIND_BITS | (uint64_t)kind;
  /* pairs with the load of the word in gilloc_timeline_read: who sees it sees `written` of the event before
   */
  __atomic_store_n(&timeline->words[n & (timeline->capacity - 1)], word, __ATOMIC_RELEASE);
  /* pairs with the first load in gilloc_timeline_read: who sees it sees the words up to it */
  __atomic_store_n(&timeline->written, n + 1, __ATOMIC_RELEASE);
}

#endif
