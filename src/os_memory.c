/* SPDX-License-Identifier: MIT
 *
 * os_memory.c: mmap, mremap, munmap, madvise and the page size. The counts are single words that carry no
 * other data, so every access to them is relaxed.
 */
#include "os_memory.h"

#include "os_ledger.h"
#include "panic.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Since Linux 4.17; older headers have no name for it. */
enum { FIXED_NOREPLACE = 0x100000 };

/* A process in which so many moves have failed, and perhaps lost addresses, copies from then on. */
enum { LOST_MOVES_MAX = 64 };

static GILLOC_WRITTEN_AT_START struct {
  _Alignas(GILLOC_CACHE_LINE) _Atomic size_t charged;
  _Atomic size_t mapped;
  _Atomic size_t reserved;
  _Atomic size_t soft_limit; /* 0: none, as the next */
  _Atomic size_t hard_limit;
  _Atomic size_t refused;
  _Atomic size_t failed;
  _Atomic size_t lost_moves;
  _Atomic size_t purges;
  _Atomic size_t purged_total;
} os;

static size_t load(_Atomic size_t *count)
{
  return atomic_load_explicit(count, memory_order_relaxed);
}

static void add(_Atomic size_t *count, size_t n)
{
  atomic_fetch_add_explicit(count, n, memory_order_relaxed);
}

static void subtract(_Atomic size_t *count, size_t n)
{
  atomic_fetch_sub_explicit(count, n, memory_order_relaxed);
}

size_t gilloc_os_page_size(void)
{
  static _Atomic size_t page_size;
  size_t size = load(&page_size);
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

/* ---- the count ---- */

bool gilloc_os_charge(size_t bytes)
{
  size_t before = load(&os.charged), limit = load(&os.hard_limit);
  /* What is refused is never in the count: others would be refused for it. */
  do {
    if (GILLOC_UNLIKELY(limit != 0 && (before >= limit || bytes > limit - before))) {
      add(&os.refused, 1);
      return false;
    }
  } while (!atomic_compare_exchange_weak_explicit(&os.charged, &before, before + bytes, memory_order_relaxed,
                                                  memory_order_relaxed));
  return true;
}

void gilloc_os_charge_anyway(size_t bytes)
{
  add(&os.charged, bytes);
}

void gilloc_os_discharge(size_t bytes)
{
  subtract(&os.charged, bytes);
}

void gilloc_os_set_limits(size_t soft, size_t hard)
{
  atomic_store_explicit(&os.soft_limit, soft, memory_order_relaxed);
  atomic_store_explicit(&os.hard_limit, hard, memory_order_relaxed);
}

bool gilloc_os_is_over_soft_limit(void)
{
  size_t limit = load(&os.soft_limit);
  return limit != 0 && load(&os.charged) > limit;
}

struct gilloc_os_counts gilloc_os_counts(void)
{
  return (struct gilloc_os_counts){.charged = load(&os.charged),
                                   .mapped = load(&os.mapped),
                                   .reserved = load(&os.reserved),
                                   .soft_limit = load(&os.soft_limit),
                                   .hard_limit = load(&os.hard_limit),
                                   .refused = load(&os.refused),
                                   .failed = load(&os.failed),
                                   .purges = load(&os.purges),
                                   .purged_total = load(&os.purged_total)};
}

/* ---- the system ---- */

static GILLOC_WRITTEN_AT_START _Atomic bool wants_huge;

static void *map(void *where, size_t bytes, int flags)
{
  int error = errno;
  void *start = mmap(where, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  bool failed = start == MAP_FAILED;
  if (GILLOC_UNLIKELY(failed))
    add(&os.failed, errno == ENOMEM);
  errno = error;
  return failed ? NULL : start;
}

static void unmap_uncharged(void *start, size_t bytes)
{
  int error = errno;
  if (bytes != 0 && munmap(start, bytes) != 0) {
    if (errno != ENOMEM)
      gilloc_panic_os("munmap", errno);
    madvise(start, bytes, MADV_DONTNEED);
  }
  errno = error;
}

/* What was charged has been mapped, or has not. */
static void count_mapped(void *start, size_t bytes)
{
  gilloc_os_ledger_add(start, bytes);
  if (start)
    add(&os.mapped, bytes);
  else
    gilloc_os_discharge(bytes);
}

void *gilloc_os_map(size_t bytes)
{
  if (!gilloc_os_charge(bytes))
    return NULL;
  void *start = map(NULL, bytes, 0);
  count_mapped(start, bytes);
  return start;
}

static void *map_aligned(size_t bytes, size_t alignment)
{
  char *start = map(NULL, bytes, 0);
  if (!start || ((uintptr_t)start & (alignment - 1)) == 0)
    return start;
  unmap_uncharged(start, bytes);
  if (bytes > SIZE_MAX - alignment)
    return NULL;
  start = map(NULL, bytes + alignment, 0);
  if (!start)
    return NULL;
  char *aligned = (char *)(((uintptr_t)start + alignment - 1) & ~(uintptr_t)(alignment - 1));
  unmap_uncharged(start, (size_t)(aligned - start));
  unmap_uncharged(aligned + bytes, (size_t)(start + alignment - aligned));
  return aligned;
}

void gilloc_os_advise_huge(void *start, size_t bytes)
{
  int error = errno;
  if (start && atomic_load_explicit(&wants_huge, memory_order_relaxed))
    madvise(start, bytes, MADV_HUGEPAGE);
  errno = error;
}

void gilloc_os_set_huge(bool wanted)
{
  atomic_store_explicit(&wants_huge, wanted, memory_order_relaxed);
}

void *gilloc_os_map_aligned(size_t bytes, size_t alignment)
{
  if (!gilloc_os_charge(bytes))
    return NULL;
  void *start = map_aligned(bytes, alignment);
  gilloc_os_advise_huge(start, bytes);
  count_mapped(start, bytes);
  return start;
}

void gilloc_os_unmap_uncharged(void *start, size_t bytes)
{
  gilloc_os_ledger_remove(start);
  unmap_uncharged(start, bytes);
  subtract(&os.mapped, bytes);
}

void gilloc_os_unmap(void *start, size_t bytes)
{
  gilloc_os_unmap_uncharged(start, bytes);
  gilloc_os_discharge(bytes);
}

void *gilloc_os_reserve(size_t bytes)
{
  void *start = map(NULL, bytes, MAP_NORESERVE);
  if (start)
    add(&os.reserved, bytes);
  return start;
}

void *gilloc_os_reserve_for_good(size_t bytes)
{
  void *start = gilloc_os_reserve(bytes);
  gilloc_os_ledger_add(start, bytes);
  return start;
}

void gilloc_os_unmap_all(void)
{
  void *start;
  size_t bytes;
  while ((start = gilloc_os_ledger_take(&bytes)))
    unmap_uncharged(start, bytes);
}

size_t gilloc_os_address_limit(void)
{
  struct rlimit limit;
  int error = errno;
  bool is_known = getrlimit(RLIMIT_AS, &limit) == 0;
  errno = error;
  return is_known && limit.rlim_cur != RLIM_INFINITY ? (size_t)limit.rlim_cur : SIZE_MAX;
}

bool gilloc_os_locks_new_memory(void)
{
  size_t bytes = gilloc_os_page_size();
  int error = errno;
  void *probe = map(NULL, bytes, 0);
  bool is_locked = probe && madvise(probe, bytes, MADV_DONTNEED) != 0;
  if (probe)
    unmap_uncharged(probe, bytes);
  errno = error;
  return is_locked;
}

bool gilloc_os_unreserve(void *start, size_t bytes)
{
  int error = errno;
  bool unmapped = munmap(start, bytes) == 0;
  if (!unmapped && errno != ENOMEM)
    gilloc_panic_os("munmap", errno);
  if (unmapped)
    subtract(&os.reserved, bytes);
  errno = error;
  return unmapped;
}

bool gilloc_os_reserve_again(void *start, size_t bytes)
{
  void *mapped = map(start, bytes, MAP_NORESERVE | FIXED_NOREPLACE);
  if (mapped && mapped != start) /* a kernel that takes the address for a hint */
    unmap_uncharged(mapped, bytes);
  if (mapped != start)
    subtract(&os.reserved, bytes);
  return mapped == start;
}

bool gilloc_os_purge(void *start, size_t bytes)
{
  int error = errno;
  bool purged = madvise(start, bytes, MADV_DONTNEED) == 0;
  if (purged) {
    add(&os.purges, 1);
    add(&os.purged_total, bytes);
  }
  errno = error;
  return purged;
}

/* True where the pages lie in one mapping of the kernel's: growth by a page then fails for want of room, or
 * does not fail, and not because of the pages. */
static bool is_one_mapping(char *start, size_t bytes)
{
  size_t page = gilloc_os_page_size();
  bool has_grown = mremap(start, bytes, bytes + page, 0) != MAP_FAILED;
  if (has_grown)
    unmap_uncharged(start + bytes, page);
  return has_grown || errno == ENOMEM;
}

enum gilloc_os_moved gilloc_os_move(void *from, size_t from_bytes, void *to, size_t to_bytes)
{
  int error = errno;
  enum gilloc_os_moved moved = GILLOC_OS_NOT_MOVED;
  if (load(&os.lost_moves) < LOST_MOVES_MAX && is_one_mapping(from, from_bytes)) {
    void *start = mremap(from, from_bytes, to_bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to);
    moved = start != MAP_FAILED ? GILLOC_OS_MOVED : GILLOC_OS_TO_LOST;
    add(&os.lost_moves, moved == GILLOC_OS_TO_LOST);
  }
  errno = error;
  return moved;
}

static int membarrier(int command)
{
  return (int)syscall(SYS_membarrier, command, 0, 0);
}

bool gilloc_os_fence_threads(void)
{
  int error = errno;
  int failed = membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  if (failed != 0 && membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0)
    failed = membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  errno = error;
  return failed == 0;
}
