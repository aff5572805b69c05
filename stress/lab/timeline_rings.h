/* SPDX-License-Identifier: MIT
 *
 * timeline_rings.h: a worker's side of `gilloc lab --timeline`: a ring for each lane that has a thread, and
 * the file in which they end up (timeline_wire.h).
 */
#ifndef GILLOC_LAB_TIMELINE_RINGS_H
#define GILLOC_LAB_TIMELINE_RINGS_H

#include "lanes.h"

#include <gilloc/timeline.h>

/* Events that a ring keeps: the last seconds of a thread with some thousand switches a second. */
enum { GILLOC_TIMELINE_RING_WORDS = 1 << 16 };

struct gilloc_timeline_rings {
  unsigned count; /* one a lane of the run */
  struct gilloc_timeline *rings;
  uint64_t *storage;
};

/* False when out of memory. */
bool gilloc_timeline_rings_init(struct gilloc_timeline_rings *rings, unsigned lanes);
void gilloc_timeline_rings_fini(struct gilloc_timeline_rings *rings);

/* The calling thread records as lane `number` until it ends; nothing where `rings` is NULL. */
void gilloc_timeline_rings_start(struct gilloc_timeline_rings *rings, unsigned number);

/* Writes what the lanes recorded to `path`, once their threads have ended. False, with one line on stderr. */
bool gilloc_timeline_rings_write(const struct gilloc_timeline_rings *rings, const struct gilloc_lanes *lanes,
                                 const struct gilloc_window *window, const char *path);

#endif
