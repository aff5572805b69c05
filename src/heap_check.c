/* SPDX-License-Identifier: MIT
 *
 * heap_check.c: how large a block is. The pointer may be stale, and its arena about to go: where the
 * block is looked at, that is in a read section.
 */
#include "heap_check.h"

#include "arena_map.h"
#include "central.h"
#include "guard.h"
#include "large.h"
#include "raw.h"

#include <gilloc/gilloc.h>

/* What the pool knows, that no block was ever handed out there, is asked for where the guard costs nothing.
 */
enum { CHECKS_POOL = GILLOC_DEBUG || GILLOC_STRATEGY != GILLOC_STRATEGY_FINE };

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

/* Any address whatever, the block behind it looked at. */
static __attribute__((noinline)) size_t usable_size_anywhere(void *p)
{
  if (!p)
    return 0;
  struct gilloc_entry entry = gilloc_entry_enter();
  gilloc_read_enter();
  size_t bytes = gilloc_heap_usable_size(p, "usable_size");
  if (CHECKS_POOL)
    gilloc_central_check_block(p, "usable_size");
  gilloc_read_leave();
  if (GILLOC_HAS_TCACHE && gilloc_tcache_self.linear_end != 0 && gilloc_arena_map_find(p) != 0)
    gilloc_tcache_self.window = gilloc_arena_map_window(p);
  gilloc_entry_leave(entry);
  return bytes;
}

/* What the map alone says of an address in the thread's window; 0 where that is nothing. */
static GILLOC_ALWAYS_INLINE size_t usable_size_in_window(const void *p)
{
  const struct gilloc_arena_map_window *window = &gilloc_tcache_self.window;
  size_t slot = gilloc_arena_map_slot(window, p);
  if (GILLOC_UNLIKELY(slot >= window->slots))
    return 0;
  size_t code = gilloc_arena_map_code_in(window, slot);
  if (GILLOC_UNLIKELY(code == 0 || !gilloc_heap_is_start(p, (unsigned)code - 1)))
    return 0;
  return gilloc_size_class_bytes((unsigned)code - 1);
}

/* As free, release builds do not touch the block: whether it is a live one is asked in debug builds, and of
 * blocks outside the window. */
GILLOC_PUBLIC size_t gilloc_usable_size(const void *p)
{
  size_t bytes = GILLOC_HAS_TCACHE && !GILLOC_DEBUG ? usable_size_in_window(p) : 0;
  return GILLOC_LIKELY(bytes != 0) ? bytes : usable_size_anywhere((void *)p);
}
