/* SPDX-License-Identifier: MIT
 *
 * arena_release.c: who frees must not wait for readers, who may wait for a lock that the caller of free
 * holds.
 */
#include "arena_release.h"

#include "guard.h"
#include "platform.h"

#include <errno.h>

static void for_each(struct gilloc_arena *arenas, void (*end)(struct gilloc_arena *))
{
  while (arenas) {
    struct gilloc_arena *next = arenas->next;
    end(arenas);
    arenas = next;
  }
}

void gilloc_arena_release(struct gilloc_arena *released)
{
  int error = errno;
  bool has_no_reader = GILLOC_STRATEGY != GILLOC_STRATEGY_FINE || gilloc_has_one_thread();
  for_each(released, has_no_reader ? gilloc_arena_forget : gilloc_arena_park);
  errno = error;
}

void gilloc_arena_reclaim(void)
{
  struct gilloc_arena *parked = gilloc_arena_take_parked();
  if (parked)
    for_each(parked, gilloc_read_synchronize() ? gilloc_arena_forget : gilloc_arena_park);
}
