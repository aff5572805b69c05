/* SPDX-License-Identifier: MIT
 *
 * heap.c: the public allocation functions; each draws on the layers below as heap.h shows.
 */
#include "heap.h"

#include "arena.h"
#include "arena_map.h"
#include "block.h"
#include "central.h"
#include "fork.h"
#include "guard.h"
#include "heap_check.h"
#include "large.h"
#include "page_cache.h"
#include "page_region.h"
#include "purge.h"
#include "raw.h"
#include "settings.h"
#include "size_class.h"
#include "tcache.h"

#include <errno.h>
#include <string.h>

__attribute__((constructor(102))) static void library_starts(void)
{
  gilloc_fork_register();
  gilloc_settings_register();
}

__attribute__((destructor(103))) static void library_ends(void)
{
  if (!GILLOC_HAS_TCACHE || !gilloc_arena_was_ever_taken())
    return;
  gilloc_tcache_check();
  gilloc_central_check();
}

/* ---- taking ---- */

static GILLOC_ALWAYS_INLINE struct gilloc_block *hand_out(struct gilloc_block *block, size_t block_bytes)
{
  if (gilloc_block_has_key(block_bytes))
    gilloc_block_mark_live(block);
  return block;
}

/* Requests that no class serves: too large, or zero. */
static GILLOC_COLD void *take_outside_pools(size_t size)
{
  if (size > PTRDIFF_MAX)
    return NULL;
  if (!GILLOC_HAS_LARGE)
    return gilloc_raw_malloc(size);
  return gilloc_large_take(size, GILLOC_ALIGNMENT);
}

/* No arena is to be had. CPython's pools fall back to the raw domain; `wide` has nothing to fall back to. */
static GILLOC_COLD void *take_without_arena(size_t size)
{
  void *p = GILLOC_HAS_LARGE ? NULL : gilloc_raw_malloc(size);
  if (!p)
    errno = ENOMEM;
  return p;
}

/* A block from the layers below the cache. */
static void *take_from_pools(size_t size)
{
  unsigned size_class = gilloc_size_class_of(size);
  struct gilloc_block *block =
      GILLOC_HAS_TCACHE ? gilloc_tcache_refill(size_class) : gilloc_central_take(size_class);
  if (GILLOC_LIKELY(block))
    return hand_out(block, gilloc_size_class_bytes(size_class));
  return take_without_arena(size);
}

static void *take_any(size_t size)
{
  if (GILLOC_HAS_LARGE && size == 0)
    size = 1;
  return GILLOC_LIKELY(gilloc_size_class_covers(size)) ? take_from_pools(size) : take_outside_pools(size);
}

/* Once more, when all that lies free in caches, depot and pools has come back. Whether it was this call that
 * brought it back is not asked: another thread may be doing so at the same time. Large blocks have had their
 * second try. */
static GILLOC_COLD void *take_again(size_t size)
{
  if (GILLOC_HAS_TCACHE)
    gilloc_tcache_flush();
  gilloc_purge_all();
  if (GILLOC_HAS_LARGE)
    gilloc_page_region_release_clean();
  return take_any(size);
}

/* Everything but a hit in the thread's cache. */
static __attribute__((noinline)) void *take_slow(size_t size)
{
  struct gilloc_entry entry = gilloc_entry_enter();
  gilloc_purge_prepare();
  void *p = take_any(size);
  if (GILLOC_UNLIKELY(!p) && size <= GILLOC_BLOCK_MAX)
    p = take_again(size);
  gilloc_entry_leave(entry);
  if (GILLOC_UNLIKELY(!p))
    errno = ENOMEM;
  return p;
}

/* Takes a block of the thread's magazine, or goes the long way, which asks for `size`. */
static GILLOC_ALWAYS_INLINE void *take_from_cache(size_t code, size_t size)
{
  struct gilloc_block *block = gilloc_tcache_pop(code);
  return GILLOC_LIKELY(block) ? block : take_slow(size);
}

/* Sizes above the linear ones, and whatever a thread without a cache asks for. */
static __attribute__((noinline)) void *take_above_linear(size_t size)
{
  if (GILLOC_UNLIKELY(size > GILLOC_BLOCK_MAX || gilloc_tcache_self.linear_end == 0)) {
    bool may_be_cached = GILLOC_HAS_TCACHE && GILLOC_HAS_LARGE && size > GILLOC_BLOCK_MAX;
    void *cached = may_be_cached ? gilloc_page_cache_take(size) : NULL;
    return cached ? cached : take_slow(size);
  }
  return take_from_cache(gilloc_size_class_code_above(size), size);
}

/* Out of line, or the common case would pay for its registers. */
static __attribute__((noinline)) void *take_past_ready(size_t size)
{
  void *p = take_from_pools(size);
  return GILLOC_LIKELY(p) ? p : take_slow(size);
}

/* Without a cache: a block that the centre has ready, or the long way. */
static GILLOC_ALWAYS_INLINE void *take_from_centre(size_t size)
{
  if (GILLOC_UNLIKELY(!gilloc_entry_is_open()) || GILLOC_UNLIKELY(!gilloc_size_class_covers(size)))
    return take_slow(size);
  unsigned size_class = gilloc_size_class_of(size);
  struct gilloc_block *block = gilloc_central_take_ready(size_class);
  if (GILLOC_UNLIKELY(!block))
    return take_past_ready(size);
  return hand_out(block, gilloc_size_class_bytes(size_class));
}

static GILLOC_ALWAYS_INLINE void *take(size_t size)
{
  if (!GILLOC_HAS_TCACHE)
    return take_from_centre(size);
  if (GILLOC_UNLIKELY(size >= gilloc_tcache_self.linear_end))
    return take_above_linear(size);
  /* The long way gets the size rounded up, so that the hit need not keep it: an instruction less. */
  size_t code = gilloc_size_class_code_linear(size);
  __asm__("" : "+r"(code));
  return take_from_cache(code, code << GILLOC_ALIGNMENT_BITS);
}

/* ---- putting ---- */

static GILLOC_ALWAYS_INLINE void mark_free(struct gilloc_block *block, unsigned size_class)
{
  if (GILLOC_ALIGNMENT >= 16 || gilloc_block_has_key(gilloc_size_class_bytes(size_class)))
    gilloc_block_mark_free(block);
}

/* A pointer that lies in no pool in use. */
static GILLOC_COLD void put_outside_pools(void *p, uintptr_t word)
{
  if (word != 0)
    gilloc_panic("double or invalid free of %p: its pool is not in use", p);
  if (!GILLOC_HAS_LARGE)
    gilloc_raw_free(p);
  else if (!gilloc_large_put(p))
    gilloc_panic("free of %p, which this library did not allocate (or has freed already)", p);
}

/* True where a tick of the purge is due. */
static bool put_any(void *p)
{
  uintptr_t word = gilloc_arena_map_find(p);
  unsigned code = gilloc_arena_map_code(word);
  if (GILLOC_UNLIKELY(code == 0)) {
    if (GILLOC_HAS_LARGE && word == 0 && gilloc_large_put_cached(p))
      return false;
    put_outside_pools(p, word);
    return true;
  }
  gilloc_heap_check_put(p, code - 1);
  if (GILLOC_HAS_TCACHE)
    return gilloc_tcache_put_slow(code - 1, p);
  mark_free(p, code - 1);
  gilloc_central_put(code - 1, p);
  return true;
}

/* Everything but room in the thread's cache. */
static __attribute__((noinline)) void put_slow(void *p)
{
  if (!p)
    return;
  int error = errno;
  struct gilloc_entry entry = gilloc_entry_enter();
  if (put_any(p))
    gilloc_purge_tick();
  gilloc_entry_leave(entry);
  errno = error;
}

/* Into the thread's own magazine where there is room; false where the long way is needed. A pointer into the
 * midst of a block is caught here in debug builds, in release builds when it reaches the centre; a double
 * free in debug builds, or when the block would be handed out for the second time. */
static GILLOC_ALWAYS_INLINE bool put_in_cache(struct gilloc_block *block)
{
  const struct gilloc_arena_map_window *window = &gilloc_tcache_self.window;
  size_t slot = gilloc_arena_map_slot(window, block);
  if (GILLOC_UNLIKELY(slot >= window->slots))
    return false;
  size_t code = gilloc_arena_map_code_in(window, slot);
  if (GILLOC_DEBUG && code != 0)
    gilloc_heap_check_put(block, (unsigned)code - 1);
  return gilloc_tcache_push(code, block);
}

static GILLOC_ALWAYS_INLINE struct gilloc_pool *pool_of(uintptr_t word, struct gilloc_block *block)
{
  if (GILLOC_POOL_HEADER_INLINE)
    return (struct gilloc_pool *)((uintptr_t)block & ~(uintptr_t)(GILLOC_POOL_SIZE - 1));
  struct gilloc_arena *arena = gilloc_arena_map_arena(word);
  return gilloc_arena_pool_header(arena, gilloc_arena_pool_index(arena, block));
}

/* Without a cache: straight into the block's pool; false where the long way is needed, which also says what
 * is wrong with a pointer that was refused here. */
static GILLOC_ALWAYS_INLINE bool put_in_pool(struct gilloc_block *block)
{
  if (GILLOC_UNLIKELY(!gilloc_entry_is_open()))
    return false;
  uintptr_t word = gilloc_arena_map_find(block);
  if (GILLOC_UNLIKELY(!gilloc_arena_map_is_in_use(word)))
    return false;
  struct gilloc_pool *pool = pool_of(word, block);
  if (GILLOC_UNLIKELY(!gilloc_pool_has_block(pool, block) || pool->free == block))
    return false;
  if (GILLOC_UNLIKELY(gilloc_heap_is_free(block, pool->size_class)))
    return false;
  mark_free(block, pool->size_class);
  if (GILLOC_LIKELY(gilloc_central_stays_listed(pool)))
    gilloc_pool_put(pool, block);
  else
    gilloc_central_put_checked(pool, block);
  return true;
}

static GILLOC_ALWAYS_INLINE void put(void *p)
{
  bool is_done = GILLOC_HAS_TCACHE ? put_in_cache(p) : put_in_pool(p);
  if (GILLOC_UNLIKELY(!is_done))
    put_slow(p);
}

/* ---- the public functions ---- */

GILLOC_PUBLIC GILLOC_HOT __attribute__((aligned(GILLOC_CACHE_LINE))) void *gilloc_malloc(size_t size)
{
  return take(size);
}

GILLOC_PUBLIC GILLOC_HOT __attribute__((aligned(GILLOC_CACHE_LINE))) void gilloc_free(void *p)
{
  put(p);
}

/* True where a block of `bytes` usable bytes can have come of a request for `size`. Above the classes the
 * block may be any amount larger. */
static bool may_be_of(size_t bytes, size_t size)
{
  if (size > bytes)
    return false;
  if (bytes > GILLOC_BLOCK_MAX || size == 0)
    return true;
  if (!GILLOC_SIZE_TELLS_CLASS && 4 * size > 3 * bytes)
    return true;
  return gilloc_size_class_bytes(gilloc_size_class_of(size)) == bytes;
}

static void check_size(const void *p, size_t size)
{
  size_t bytes = gilloc_usable_size(p);
  if (!may_be_of(bytes, size))
    gilloc_panic("free_sized of %p with size %zu: its block has %zu bytes", p, size, bytes);
}

/* The class comes from the size, without a look at the map, where realloc leaves a block in place only if
 * that is so. */
GILLOC_PUBLIC GILLOC_HOT __attribute__((aligned(GILLOC_CACHE_LINE))) void gilloc_free_sized(void *p,
                                                                                            size_t size)
{
  if (GILLOC_DEBUG && p)
    check_size(p, size);
  if (!GILLOC_SIZE_TELLS_CLASS || GILLOC_DEBUG ||
      GILLOC_UNLIKELY(size >= gilloc_tcache_self.linear_end || !p)) {
    put(p);
    return;
  }
  size_t code = gilloc_size_class_code_linear(size);
  if (GILLOC_UNLIKELY(!gilloc_tcache_push(code, p)))
    put_slow(p);
}

GILLOC_PUBLIC void *gilloc_calloc(size_t count, size_t size)
{
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  if (gilloc_size_class_covers(bytes) || (GILLOC_HAS_LARGE && bytes == 0)) {
    void *p = take(bytes);
    return p ? memset(p, 0, bytes) : NULL;
  }
  void *p = NULL;
  struct gilloc_entry entry = gilloc_entry_enter();
  if (bytes <= PTRDIFF_MAX)
    p = GILLOC_HAS_LARGE ? gilloc_large_take_zeroed(bytes) : gilloc_raw_calloc(count, size);
  gilloc_entry_leave(entry);
  if (!p)
    errno = ENOMEM;
  return p;
}

GILLOC_PUBLIC struct gilloc_flavour gilloc_flavour(void)
{
  return (struct gilloc_flavour){GILLOC_FLAVOUR_STRATEGY, GILLOC_FLAVOUR_LOCK, GILLOC_FLAVOUR_GEOMETRY};
}

GILLOC_PUBLIC const char *gilloc_version(void)
{
  return GILLOC_VERSION;
}
