/* SPDX-License-Identifier: MIT
 *
 * arena_release.h: the end of an arena that has left the list and the map. Readers may still hold its word,
 * so its addresses go after a grace period; its memory goes at once, for they may read zeros.
 *
 *   withdrawn --release--> parked --reclaim, a grace period--> unmapped
 *                             +--> the next arena that is wanted
 */
#ifndef GILLOC_ARENA_RELEASE_H
#define GILLOC_ARENA_RELEASE_H

#include "arena.h"

/* Gives the memory of the arenas linked through `next` back to the OS, and their addresses where there can be
 * no reader: under none and gil, and with one thread. Waits for nobody. No guard may be held; preserves
 * errno. */
void gilloc_arena_release(struct gilloc_arena *arenas);

/* Unmaps the parked arenas after a grace period; they stay parked where there is none to be had. Waits for
 * the application's readers too, so it is for a thread of the library's own that holds nothing. */
void gilloc_arena_reclaim(void);

#endif
