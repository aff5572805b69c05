/* SPDX-License-Identifier: MIT
 *
 * heap_realloc.c: where it stands if it can, else by allocating, copying and freeing.
 */
#include "heap_realloc.h"

#include "arena_map.h"
#include "guard.h"
#include "heap_check.h"
#include "large.h"
#include "raw.h"

#include <errno.h>
#include <string.h>

/* Allocates, copies, frees. */
static void *move_block(void *p, size_t old_bytes, size_t size)
{
  void *moved = gilloc_malloc(size);
  if (!moved)
    return NULL;
  memcpy(moved, p, old_bytes < size ? old_bytes : size);
  gilloc_free(p);
  return moved;
}

/* A block that lies in no pool, and will lie in none. */
static void *resize_outside_pools(void *p, size_t size)
{
  void *resized = NULL;
  struct gilloc_entry entry = gilloc_entry_enter();
  if (size <= PTRDIFF_MAX)
    resized = GILLOC_HAS_LARGE ? gilloc_large_resize(p, size) : gilloc_raw_realloc(p, size);
  gilloc_entry_leave(entry);
  if (!resized)
    errno = ENOMEM;
  return resized;
}

/* True where a block of `bytes` in a pool may stand for `size`: CPython's rule, and where sizes tell classes
 * only within the class: a size to GILLOC_LINEAR_MAX stays in no block above. */
static bool stays(size_t bytes, size_t size)
{
  if (size > bytes || size == 0 || 4 * size <= 3 * bytes)
    return false;
  return !GILLOC_SIZE_TELLS_CLASS || size > GILLOC_LINEAR_MAX || bytes - size < GILLOC_ALIGNMENT;
}

GILLOC_PUBLIC void *gilloc_realloc(void *p, size_t size)
{
  if (!p)
    return gilloc_malloc(size);
  bool in_pool = gilloc_arena_map_find(p) != 0;
  if (!in_pool && !GILLOC_HAS_LARGE)
    return resize_outside_pools(p, size);
  struct gilloc_entry entry = gilloc_entry_enter();
  size_t bytes = gilloc_heap_usable_size(p, "realloc");
  gilloc_entry_leave(entry);
  if (!in_pool && size > GILLOC_BLOCK_MAX)
    return resize_outside_pools(p, size);
  if (stays(bytes, size))
    return p;
  return move_block(p, bytes, size);
}

GILLOC_PUBLIC void *gilloc_reallocarray(void *p, size_t count, size_t size)
{
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  return gilloc_realloc(p, bytes);
}
