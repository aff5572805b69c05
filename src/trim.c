/* SPDX-License-Identifier: MIT
 *
 * trim.c: gives free memory back on demand, from the roof to the ground: caches, then what lies free below.
 */
#include "heap.h"

#include "arena.h"
#include "geometry.h"
#include "guard.h"
#include "purge.h"
#include "tcache.h"

#include <errno.h>

static bool trim(size_t pad)
{
  if (pad > 0 && gilloc_purge_counts().purgeable <= pad)
    return false;
  size_t mapped = gilloc_arena_counts().mapped_now;
  if (GILLOC_HAS_TCACHE)
    gilloc_tcache_flush();
  return gilloc_purge_all() > 0 || gilloc_arena_counts().mapped_now < mapped;
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
