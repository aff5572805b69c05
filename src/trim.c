/* SPDX-License-Identifier: MIT
 *
 * trim.c: gives free memory back on demand, from the roof to the ground: caches, then what lies free below.
 */
#include "heap.h"

#include "arena.h"
#include "geometry.h"
#include "guard.h"
#include "tcache.h"

#include <errno.h>

static bool trim(size_t pad)
{
  struct gilloc_arena_counts before = gilloc_arena_counts();
  if (pad > 0 && before.free_pools * GILLOC_POOL_SIZE <= pad)
    return false;
  if (GILLOC_HAS_TCACHE)
    gilloc_tcache_flush();
  return gilloc_arena_counts().mapped_now < before.mapped_now;
}

GILLOC_PUBLIC int gilloc_trim(size_t pad)
{
  int error = errno;
  struct gilloc_entry entry = gilloc_entry_enter();
  bool has_shrunk = trim(pad);
  gilloc_entry_leave(entry);
  errno = error;
  return has_shrunk;
}
