/* SPDX-License-Identifier: MIT
 *
 * system_heap.c: gilloc.h on the C library's malloc, for the lab's row `system`: the same workloads, with
 * the one-byte mutexes of sync/, on the allocator that every program has. No state of its own; as
 * thread-safe as malloc(3).
 */
#include <gilloc/gilloc.h>

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

void *gilloc_malloc(size_t size)
{
  return malloc(size);
}

void *gilloc_calloc(size_t count, size_t size)
{
  return calloc(count, size);
}

void *gilloc_realloc(void *p, size_t size)
{
  /* glibc's realloc to 0 frees; gilloc's never does. */
  return realloc(p, size == 0 ? 1 : size);
}

void *gilloc_reallocarray(void *p, size_t count, size_t size)
{
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  return gilloc_realloc(p, bytes);
}

void gilloc_free(void *p)
{
  free(p);
}

void *gilloc_aligned_alloc(size_t alignment, size_t size)
{
  void *p = NULL;
  int error = EINVAL;
  if (alignment != 0 && (alignment & (alignment - 1)) == 0)
    error = posix_memalign(&p, alignment < sizeof(void *) ? sizeof(void *) : alignment, size);
  if (error != 0)
    errno = error;
  return error == 0 ? p : NULL;
}

int gilloc_posix_memalign(void **out, size_t alignment, size_t size)
{
  return posix_memalign(out, alignment, size);
}

size_t gilloc_usable_size(const void *p)
{
  return malloc_usable_size((void *)(uintptr_t)p);
}

struct gilloc_flavour gilloc_flavour(void)
{
  return (struct gilloc_flavour){.strategy = "system", .lock = "none", .geometry = "none"};
}

const char *gilloc_version(void)
{
  return GILLOC_VERSION;
}
