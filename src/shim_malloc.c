/* SPDX-License-Identifier: MIT
 *
 * shim_malloc.c: the C library's allocation functions on top of gilloc/gilloc.h, in what replaces
 * malloc alone: a program that preloads or links it uses it for every allocation. As in glibc, realloc(p, 0)
 * frees and memalign rounds its alignment up; aligned_alloc refuses one that is no power of two, as C17 says.
 * What reports and tunes is in shim_info.c; malloc, calloc, free and their like are second names that the
 * linker gives to gilloc_malloc and its like.
 */
#include "shim_malloc.h"

#include "base.h"

#include <gilloc/gilloc.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

GILLOC_PUBLIC void *realloc(void *p, size_t size)
{
  if (p && size == 0) {
    gilloc_free(p);
    return NULL;
  }
  return gilloc_realloc(p, size);
}

GILLOC_PUBLIC void *reallocarray(void *p, size_t count, size_t size)
{
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  return realloc(p, bytes);
}

GILLOC_PUBLIC int posix_memalign(void **out, size_t alignment, size_t size)
{
  return gilloc_posix_memalign(out, alignment, size);
}

GILLOC_PUBLIC void *aligned_alloc(size_t alignment, size_t size)
{
  return gilloc_aligned_alloc(alignment, size);
}

/* glibc rounds an alignment that is no power of two up to one, and knows no error but that it cannot. */
GILLOC_PUBLIC void *memalign(size_t alignment, size_t size)
{
  size_t power = sizeof(void *);
  if (alignment > SIZE_MAX / 2 + 1) {
    errno = EINVAL;
    return NULL;
  }
  while (power < alignment)
    power *= 2;
  return gilloc_aligned_alloc(power, size);
}

GILLOC_PUBLIC void *valloc(size_t size)
{
  return gilloc_aligned_alloc((size_t)sysconf(_SC_PAGESIZE), size);
}

GILLOC_PUBLIC void *pvalloc(size_t size)
{
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  if (size > PTRDIFF_MAX - page) {
    errno = ENOMEM;
    return NULL;
  }
  size_t bytes = (size + page - 1) & ~(page - 1);
  return gilloc_aligned_alloc(page, bytes ? bytes : page);
}

/* C23 7.24.8.1: the largest power of two that divides the address; 0 for NULL. */
GILLOC_PUBLIC size_t memalignment(const void *p)
{
  uintptr_t address = (uintptr_t)p;
  return address & (0 - address);
}

GILLOC_PUBLIC void cfree(void *p)
{
  gilloc_free(p);
}
