/* SPDX-License-Identifier: MIT
 *
 * arena_release.c: arenas that a thread could not release wait on a stack that is only ever emptied whole.
 */
#include "arena_release.h"

#include "guard.h"

#include <errno.h>
#include <stdatomic.h>

typedef struct gilloc_arena *arena_list;

static _Atomic(arena_list) deferred;

/* Leaves the arenas to a later release. */
static void defer(struct gilloc_arena *released)
{
  struct gilloc_arena *last = released;
  while (last->next)
    last = last->next;
  last->next = atomic_load_explicit(&deferred, memory_order_relaxed);
  /* pairs with the exchange in gilloc_arena_release */
  while (!atomic_compare_exchange_weak_explicit(&deferred, &last->next, released, memory_order_release,
                                                memory_order_relaxed)) {
  }
}

/* After the grace period. */
static void forget(struct gilloc_arena *released)
{
  while (released) {
    struct gilloc_arena *next = released->next;
    gilloc_arena_forget(released);
    released = next;
  }
}

void gilloc_arena_release(struct gilloc_arena *released)
{
  if (!released)
    return;
  int error = errno;
  if (gilloc_read_is_open()) {
    defer(released);
  } else {
    /* pairs with the exchange in defer */
    struct gilloc_arena *left = atomic_exchange_explicit(&deferred, NULL, memory_order_acquire);
    gilloc_read_synchronize();
    forget(released);
    forget(left);
  }
  errno = error;
}
