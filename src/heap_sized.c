/* SPDX-License-Identifier: MIT
 *
 * heap_sized.c: C23's sized frees. The size saves nothing yet; debug builds hold it against the block.
 */
#include "heap.h"

#include "panic.h"
#include "size_class.h"

/* True where a block of `bytes` usable bytes can have come of a request for `size`: its own class, or one
 * that realloc shrank in place. Above the classes the block may be any amount larger. */
static bool may_be_of(size_t bytes, size_t size)
{
  if (size > bytes)
    return false;
  if (bytes > GILLOC_BLOCK_MAX || size == 0 || 4 * size > 3 * bytes)
    return true;
  return gilloc_size_class_bytes(gilloc_size_class_of(size)) == bytes;
}

static void check_size(const void *p, size_t size, const char *call)
{
  size_t bytes = gilloc_usable_size(p);
  if (!may_be_of(bytes, size))
    gilloc_panic("%s of %p with size %zu: its block has %zu bytes", call, p, size, bytes);
}

GILLOC_PUBLIC void gilloc_free_sized(void *p, size_t size)
{
  if (GILLOC_DEBUG && p)
    check_size(p, size, "free_sized");
  gilloc_free(p);
}

GILLOC_PUBLIC void gilloc_free_aligned_sized(void *p, size_t alignment, size_t size)
{
  if (GILLOC_DEBUG && p && ((uintptr_t)p & (alignment - 1)) != 0)
    gilloc_panic("free_aligned_sized of %p with alignment %zu, which it has not", p, alignment);
  if (GILLOC_DEBUG && p && size > gilloc_usable_size(p))
    gilloc_panic("free_aligned_sized of %p with size %zu: its block has %zu bytes", p, size,
                 gilloc_usable_size(p));
  gilloc_free(p);
}
