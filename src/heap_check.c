/* SPDX-License-Identifier: MIT
 *
 * heap_check.c: how large a block is.
 */
#include "heap_check.h"

#include "arena_map.h"
#include "central.h"
#include "guard.h"
#include "large.h"
#include "raw.h"

#include <gilloc/gilloc.h>

size_t gilloc_heap_usable_size(void *p, const char *call)
{
  uintptr_t word = gilloc_arena_map_find(p);
  unsigned code = gilloc_arena_map_code(word);
  if (GILLOC_LIKELY(code != 0)) {
    gilloc_heap_check_live(p, code - 1, call);
    return gilloc_size_class_bytes(code - 1);
  }
  if (!GILLOC_HAS_LARGE && word == 0)
    return gilloc_raw_usable_size(p);
  size_t bytes = GILLOC_HAS_LARGE && word == 0 ? gilloc_large_usable(p) : 0;
  if (bytes == 0)
    gilloc_panic("%s of %p, which is not a live block of this library", call, p);
  return bytes;
}

GILLOC_PUBLIC size_t gilloc_usable_size(const void *p)
{
  if (!p)
    return 0;
  struct gilloc_entry entry = gilloc_entry_enter();
  size_t bytes = gilloc_heap_usable_size((void *)p, "usable_size");
  gilloc_central_check_block(p, "usable_size");
  gilloc_entry_leave(entry);
  return bytes;
}
