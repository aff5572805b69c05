/* SPDX-License-Identifier: MIT
 *
 * replay_region.h: one region of address space whose slots are the arenas of a replay, the lowest free one
 * first, so that the same trace gives the same offsets every time. Its body stands outside the lab's
 * folder, for it is the one part of a replay that needs more of the library than the public headers.
 */
#ifndef GILLOC_LAB_REPLAY_REGION_H
#define GILLOC_LAB_REPLAY_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Makes the library take its arenas from a region, each starting `misalign` bytes after a multiple of
 * `arena_bytes` from the region's start. Where `events` is not NULL, each arena taken writes
 * "A +OFFSET SIZE" to it, each one returned "a +OFFSET SIZE". Before the first allocation, once in a
 * process; false, with errno, if there is no such region. */
bool gilloc_replay_region_install(size_t arena_bytes, size_t misalign, FILE *events);

/* True if the address lies in the region; then `*offset` is where. */
bool gilloc_replay_region_offset(const void *p, size_t *offset);

#endif
