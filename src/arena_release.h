/* SPDX-License-Identifier: MIT
 *
 * arena_release.h: the end of an arena that has left the list and the map: readers may still hold its word,
 * so a grace period passes before its memory and its record go.
 */
#ifndef GILLOC_ARENA_RELEASE_H
#define GILLOC_ARENA_RELEASE_H

#include "arena.h"

/* Gives the arenas linked through `next` back to the OS, after a grace period. No guard may be held. In a
 * thread that stands in a read section (an application may use the same liburcu) it leaves them to the next
 * call from elsewhere. */
void gilloc_arena_release(struct gilloc_arena *arenas);

#endif
