/* SPDX-License-Identifier: MIT
 *
 * heap_aligned.c: which class or layer serves an alignment.
 */
#include "heap_aligned.h"

#include "guard.h"
#include "large.h"
#include "raw.h"
#include "size_class.h"

#include <errno.h>

/* `alignment` is a power of two. NULL without memory; errno is not touched on success. */
static void *take_aligned(size_t alignment, size_t size)
{
  if (alignment <= GILLOC_ALIGNMENT)
    return gilloc_malloc(size);
  unsigned size_class =
      GILLOC_HAS_LARGE ? gilloc_size_class_of_aligned(size ? size : 1, alignment) : GILLOC_CLASS_COUNT;
  if (size_class < GILLOC_CLASS_COUNT)
    return gilloc_malloc(gilloc_size_class_bytes(size_class));
  void *p = NULL;
  struct gilloc_entry entry = gilloc_entry_enter();
  if (size <= PTRDIFF_MAX && alignment <= PTRDIFF_MAX)
    p = GILLOC_HAS_LARGE ? gilloc_large_take(size, alignment) : gilloc_raw_memalign(alignment, size);
  gilloc_entry_leave(entry);
  if (!p)
    errno = ENOMEM;
  return p;
}

static bool is_power_of_two(size_t n)
{
  return n != 0 && (n & (n - 1)) == 0;
}

GILLOC_PUBLIC void *gilloc_aligned_alloc(size_t alignment, size_t size)
{
  if (!is_power_of_two(alignment)) {
    errno = EINVAL;
    return NULL;
  }
  return take_aligned(alignment, size);
}

GILLOC_PUBLIC int gilloc_posix_memalign(void **out, size_t alignment, size_t size)
{
  if (!is_power_of_two(alignment) || alignment % sizeof(void *) != 0)
    return EINVAL;
  int error = errno;
  void *p = take_aligned(alignment, size);
  errno = error;
  if (!p)
    return ENOMEM;
  *out = p;
  return 0;
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
