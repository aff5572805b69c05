/* SPDX-License-Identifier: MIT
 *
 * os_memory.c: mmap, mremap, munmap and the page size.
 */
#include "os_memory.h"

#include "panic.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

size_t gilloc_os_page_size(void)
{
  static _Atomic size_t page_size;
  size_t size = atomic_load_explicit(&page_size, memory_order_relaxed);
  if (GILLOC_UNLIKELY(size == 0)) {
    size = (size_t)sysconf(_SC_PAGESIZE);
    atomic_store_explicit(&page_size, size, memory_order_relaxed);
  }
  return size;
}

size_t gilloc_os_round_to_pages(size_t bytes)
{
  size_t mask = gilloc_os_page_size() - 1;
  return bytes > SIZE_MAX - mask ? 0 : (bytes + mask) & ~mask;
}

void *gilloc_os_map(size_t bytes)
{
  int error = errno;
  void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  errno = error;
  return start == MAP_FAILED ? NULL : start;
}

void *gilloc_os_map_aligned(size_t bytes, size_t alignment)
{
  char *start = gilloc_os_map(bytes);
  if (!start || ((uintptr_t)start & (alignment - 1)) == 0)
    return start;
  gilloc_os_unmap(start, bytes);
  if (bytes > SIZE_MAX - alignment)
    return NULL;
  start = gilloc_os_map(bytes + alignment);
  if (!start)
    return NULL;
  char *aligned = (char *)(((uintptr_t)start + alignment - 1) & ~(uintptr_t)(alignment - 1));
  if (aligned != start)
    gilloc_os_unmap(start, (size_t)(aligned - start));
  gilloc_os_unmap(aligned + bytes, (size_t)(start + alignment - aligned));
  return aligned;
}

void gilloc_os_unmap(void *start, size_t bytes)
{
  int error = errno;
  if (bytes != 0 && munmap(start, bytes) != 0) {
    if (errno != ENOMEM)
      gilloc_panic_os("munmap", errno);
    madvise(start, bytes, MADV_DONTNEED);
  }
  errno = error;
}

bool gilloc_os_resize(void *start, size_t old_bytes, size_t new_bytes)
{
  int error = errno;
  void *same = mremap(start, old_bytes, new_bytes, 0);
  errno = error;
  return same != MAP_FAILED;
}

bool gilloc_os_move(void *from, size_t from_bytes, void *to, size_t to_bytes)
{
  int error = errno;
  void *moved = mremap(from, from_bytes, to_bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to);
  errno = error;
  return moved != MAP_FAILED;
}
