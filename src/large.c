/* SPDX-License-Identifier: MIT
 *
 * large.c: sizes in pages, second tries, growth that moves. No state of its own.
 */
#include "large.h"

#include "os_memory.h"
#include "page_bin.h"
#include "page_cache.h"
#include "page_heap.h"
#include "page_region.h"
#include "purge.h"
#include "tcache.h"

#include <errno.h>
#include <string.h>

/* From here on the kernel moves pages faster than memcpy copies them, and few enough blocks move for the
 * mappings of the kernel that each move splits. */
static const size_t moved_min = (size_t)1 << 20;

/* Dirty bytes above this are dropped and not cleared: whoever asks for so many zeros may not touch them all.
 */
static const size_t cleared_max = (size_t)32 << 20;

enum { IS_CACHED = GILLOC_HAS_TCACHE };

/* Bytes of a block for `size`; 0 where that overflows. */
static size_t bytes_for(size_t size)
{
  size_t bytes = gilloc_os_round_to_pages(size ? size : 1);
  return GILLOC_LIKELY(bytes != 0) ? gilloc_page_bin_round(bytes) : 0;
}

static void *take(size_t bytes, size_t alignment, struct gilloc_page_dirt *dirt)
{
  if (bytes == 0)
    return NULL;
  gilloc_purge_prepare();
  if (gilloc_os_is_over_soft_limit())
    gilloc_purge_tick();
  void *p = gilloc_page_heap_take(bytes, alignment, dirt);
  if (GILLOC_UNLIKELY(!p)) { /* whoever purged: another thread may have, at the same time */
    if (GILLOC_HAS_TCACHE)
      gilloc_tcache_flush();
    gilloc_purge_all();
    gilloc_page_region_release_clean();
    p = gilloc_page_heap_take(bytes, alignment, dirt);
  }
  return p;
}

void *gilloc_large_take(size_t size, size_t alignment)
{
  struct gilloc_page_dirt dirt;
  void *cached =
      IS_CACHED && size && alignment <= gilloc_os_page_size() ? gilloc_page_cache_take(size) : NULL;
  if (cached)
    return cached;
  return take(bytes_for(size), alignment, &dirt);
}

void *gilloc_large_take_zeroed(size_t size)
{
  struct gilloc_page_dirt dirt;
  char *cached = IS_CACHED ? gilloc_page_cache_take(size) : NULL;
  if (cached)
    return memset(cached, 0, gilloc_large_usable(cached));
  void *p = take(bytes_for(size), 1, &dirt);
  if (!p)
    return NULL;
  size_t dirty = (size_t)(dirt.to - dirt.from);
  if (dirty <= cleared_max || !gilloc_os_purge(dirt.from, dirty))
    memset(dirt.from, 0, dirty);
  return p;
}

bool gilloc_large_put_cached(void *p)
{
  enum gilloc_page_cache_outcome outcome = IS_CACHED ? gilloc_page_cache_put(p) : GILLOC_PAGE_CACHE_REFUSED;
  if (GILLOC_UNLIKELY(outcome == GILLOC_PAGE_CACHE_DONE_TICK)) {
    int error = errno;
    gilloc_purge_tick();
    errno = error;
  }
  return outcome != GILLOC_PAGE_CACHE_REFUSED;
}

bool gilloc_large_put(void *p)
{
  return gilloc_large_put_cached(p) || gilloc_page_heap_put(p) != 0;
}

size_t gilloc_large_usable(const void *p)
{
  return gilloc_page_heap_usable(p);
}

/* What the kernel has unmapped, or may have. */
static void put_unmapped(void *start, struct gilloc_page_run *run, size_t bytes)
{
  if (gilloc_os_reserve_again(start, bytes))
    gilloc_page_heap_attach_free(run);
  else
    gilloc_page_heap_lose(run);
}

/* Moves the pages of the block `p` to the block `to`; one of them is a block no more, unless nothing could be
 * done. */
static enum gilloc_os_moved move(void *p, size_t old_bytes, void *to, size_t new_bytes)
{
  struct gilloc_page_run *from_run = gilloc_page_heap_detach(p), *to_run = gilloc_page_heap_detach(to);
  enum gilloc_os_moved moved = gilloc_os_move(p, old_bytes, to, new_bytes);
  if (moved == GILLOC_OS_MOVED)
    put_unmapped(p, from_run, old_bytes);
  else
    gilloc_page_heap_attach(from_run);
  if (moved == GILLOC_OS_TO_LOST)
    put_unmapped(to, to_run, new_bytes);
  else
    gilloc_page_heap_attach(to_run);
  return moved;
}

static void *grow(void *p, size_t old_bytes, size_t new_bytes)
{
  struct gilloc_page_dirt dirt;
  void *to = take(new_bytes, 1, &dirt);
  if (to && old_bytes >= moved_min) {
    enum gilloc_os_moved moved = move(p, old_bytes, to, new_bytes);
    if (moved == GILLOC_OS_MOVED)
      return to;
    if (moved == GILLOC_OS_TO_LOST)
      to = take(new_bytes, 1, &dirt);
  }
  if (!to)
    return NULL;
  memcpy(to, p, old_bytes);
  gilloc_large_put(p);
  return to;
}

void *gilloc_large_resize(void *p, size_t size)
{
  size_t old_bytes = gilloc_large_usable(p);
  size_t new_bytes = bytes_for(size);
  if (new_bytes == 0)
    return NULL;
  if (new_bytes == old_bytes || gilloc_page_heap_resize(p, new_bytes))
    return p;
  return new_bytes < old_bytes ? p : grow(p, old_bytes, new_bytes);
}

struct gilloc_large_counts gilloc_large_counts(void)
{
  struct gilloc_page_heap_counts counts = gilloc_page_heap_counts();
  struct gilloc_page_cache_counts cached = {0, 0};
  if (IS_CACHED)
    cached = gilloc_page_cache_counts();
  return (struct gilloc_large_counts){counts.blocks - cached.blocks, counts.live - cached.bytes};
}
