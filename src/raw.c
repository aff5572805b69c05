/* SPDX-License-Identifier: MIT
 *
 * raw.c: the C library's allocator under the names that the build gives: malloc and friends, or
 * __libc_malloc and friends where malloc is ours.
 */
#include "raw.h"

#include <dlfcn.h>
#include <stdlib.h>

void *GILLOC_RAW_MALLOC(size_t size);
void *GILLOC_RAW_CALLOC(size_t count, size_t size);
void *GILLOC_RAW_REALLOC(void *p, size_t size);
void GILLOC_RAW_FREE(void *p);
void *GILLOC_RAW_MEMALIGN(size_t alignment, size_t size);

void *gilloc_raw_malloc(size_t size)
{
  return GILLOC_RAW_MALLOC(size ? size : 1);
}

void *gilloc_raw_calloc(size_t count, size_t size)
{
  return count == 0 || size == 0 ? GILLOC_RAW_CALLOC(1, 1) : GILLOC_RAW_CALLOC(count, size);
}

void *gilloc_raw_realloc(void *p, size_t size)
{
  return GILLOC_RAW_REALLOC(p, size ? size : 1);
}

void gilloc_raw_free(void *p)
{
  GILLOC_RAW_FREE(p);
}

void *gilloc_raw_memalign(size_t alignment, size_t size)
{
  return GILLOC_RAW_MEMALIGN(alignment, size ? size : 1);
}

/* The C library exports no second name for this one. Looked up before the program runs: the loader's lock
 * must not be wanted by a thread that holds the GIL. */
static GILLOC_WRITTEN_AT_START size_t (*usable_size)(void *);

__attribute__((constructor(101))) static void find_usable_size(void)
{
  union {
    void *symbol;
    size_t (*function)(void *);
  } found = {.symbol = dlsym(RTLD_NEXT, "malloc_usable_size")};
  usable_size = found.function;
}

size_t gilloc_raw_usable_size(void *p)
{
  return usable_size ? usable_size(p) : 0;
}
