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
#include "large.h"
#include "purge.h"
#include "raw.h"
#include "size_class.h"
#include "tcache.h"

#include <errno.h>
#include <string.h>

__attribute__((constructor(102))) static void library_starts(void)
{
  gilloc_fork_register();
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

/* Everything but a hit in the thread's cache. */
static __attribute__((noinline)) void *take_slow(size_t size)
{
  struct gilloc_entry entry = gilloc_entry_enter();
  void *p = take_any(size);
  if (GILLOC_UNLIKELY(!p) && gilloc_purge_all() != 0)
    p = take_any(size);
  gilloc_entry_leave(entry);
  if (GILLOC_UNLIKELY(!p))
    errno = ENOMEM;
  return p;
}

/* Takes a block of the bin, or goes the long way. */
static GILLOC_ALWAYS_INLINE void *take_from_bin(size_t code, size_t size)
{
  struct gilloc_block *block = gilloc_tcache_pop(gilloc_tcache_bin(code));
  if (GILLOC_UNLIKELY(!block))
    return take_slow(size);
  return hand_out(block, code * GILLOC_ALIGNMENT);
}

static __attribute__((noinline)) void *take_above_linear(size_t size)
{
  if (GILLOC_UNLIKELY(size > GILLOC_BLOCK_MAX))
    return take_slow(size);
  return take_from_bin(gilloc_size_class_code_above(size), size);
}

/* Out of line, or the common case would pay for its registers. */
static __attribute__((noinline)) void *take_past_ready(size_t size)
{
  return take_from_pools(size);
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
  if (GILLOC_UNLIKELY(size > GILLOC_LINEAR_MAX))
    return take_above_linear(size);
  return take_from_bin(gilloc_size_class_code_linear(size), size);
}

/* ---- putting ---- */

static GILLOC_ALWAYS_INLINE bool is_free(const struct gilloc_block *block, unsigned size_class)
{
  if (GILLOC_ALIGNMENT < 16 && !gilloc_block_has_key(gilloc_size_class_bytes(size_class)))
    return false;
  return gilloc_block_is_free(block);
}

static GILLOC_ALWAYS_INLINE void mark_free(struct gilloc_block *block, unsigned size_class)
{
  if (GILLOC_ALIGNMENT >= 16 || gilloc_block_has_key(gilloc_size_class_bytes(size_class)))
    gilloc_block_mark_free(block);
}

/* Panics on an address that is not where a block of the class begins. The block is not touched: it might
 * reach beyond its arena. */
static GILLOC_ALWAYS_INLINE void check_start(const struct gilloc_block *block, unsigned size_class,
                                             const char *call)
{
  uint32_t offset = (uint32_t)((uintptr_t)block & (GILLOC_POOL_SIZE - 1)) - GILLOC_POOL_FIRST_BLOCK;
  if (GILLOC_UNLIKELY(offset >= GILLOC_POOL_SIZE || !gilloc_size_class_divides(size_class, offset)))
    gilloc_panic("%s of %p, which is not the start of a block", call, (const void *)block);
}

/* Panics on a pointer into a pool of ours that is not a live block, as far as the block itself tells. */
static GILLOC_ALWAYS_INLINE void check_live(const struct gilloc_block *block, unsigned size_class,
                                            const char *call)
{
  check_start(block, size_class, call);
  if (GILLOC_UNLIKELY(is_free(block, size_class)))
    gilloc_panic("%s of %p, which has been freed", call, (const void *)block);
}

/* As check_live, with the words that name this misuse. */
static GILLOC_ALWAYS_INLINE void check_put(const struct gilloc_block *block, unsigned size_class)
{
  check_start(block, size_class, "free");
  if (GILLOC_UNLIKELY(is_free(block, size_class)))
    gilloc_panic("double free of %p", (const void *)block);
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

static void put_any(void *p)
{
  uintptr_t word = gilloc_arena_map_find(p);
  unsigned code = gilloc_arena_map_code(word);
  if (GILLOC_UNLIKELY(code == 0)) {
    put_outside_pools(p, word);
    return;
  }
  check_put(p, code - 1);
  mark_free(p, code - 1);
  if (GILLOC_HAS_TCACHE)
    gilloc_tcache_put_slow(code - 1, p);
  else
    gilloc_central_put(code - 1, p);
}

/* Everything but room in the thread's cache. */
static __attribute__((noinline)) void put_slow(void *p)
{
  if (!p)
    return;
  int error = errno;
  struct gilloc_entry entry = gilloc_entry_enter();
  put_any(p);
  gilloc_purge_tick();
  gilloc_entry_leave(entry);
  errno = error;
}

/* Into the thread's own bin where there is room; false where the long way is needed. A pointer into the
 * midst of a block is caught here in debug builds; in release builds when it reaches the centre. */
static GILLOC_ALWAYS_INLINE bool put_in_bin(struct gilloc_block *block)
{
  struct gilloc_tcache *cache = gilloc_tcache_self;
  if (GILLOC_UNLIKELY(!gilloc_arena_map_covers(&cache->window, block)))
    return false;
  size_t code = gilloc_arena_map_code(gilloc_arena_map_find_in(&cache->window, block));
  struct gilloc_bin *bin = &cache->bins[code];
  if (GILLOC_UNLIKELY(bin->room == 0))
    return false;
  if (GILLOC_DEBUG)
    check_start(block, (unsigned)code - 1, "free");
  if (GILLOC_UNLIKELY(is_free(block, (unsigned)code - 1)))
    return false;
  mark_free(block, (unsigned)code - 1);
  gilloc_tcache_push(bin, block);
  return true;
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
  if (GILLOC_UNLIKELY(is_free(block, pool->size_class)))
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
  bool is_done = GILLOC_HAS_TCACHE ? put_in_bin(p) : put_in_pool(p);
  if (GILLOC_UNLIKELY(!is_done))
    put_slow(p);
}

/* ---- looking up ---- */

/* Bytes that may be used at a live block; panics on any other pointer, naming the public function. */
static size_t usable_size(void *p, const char *call)
{
  uintptr_t word = gilloc_arena_map_find(p);
  unsigned code = gilloc_arena_map_code(word);
  if (GILLOC_LIKELY(code != 0)) {
    check_live(p, code - 1, call);
    return gilloc_size_class_bytes(code - 1);
  }
  if (!GILLOC_HAS_LARGE && word == 0)
    return gilloc_raw_usable_size(p);
  size_t bytes = GILLOC_HAS_LARGE && word == 0 ? gilloc_large_usable(p) : 0;
  if (bytes == 0)
    gilloc_panic("%s of %p, which is not a live block of this library", call, p);
  return bytes;
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

/* Allocates, copies, frees. */
static void *move_block(void *p, size_t old_bytes, size_t size)
{
  void *moved = take(size);
  if (!moved)
    return NULL;
  memcpy(moved, p, old_bytes < size ? old_bytes : size);
  put(p);
  return moved;
}

static void *resize_large(void *p, size_t size)
{
  struct gilloc_entry entry = gilloc_entry_enter();
  void *resized = size > PTRDIFF_MAX ? NULL : gilloc_large_resize(p, size);
  gilloc_entry_leave(entry);
  if (!resized)
    errno = ENOMEM;
  return resized;
}

static void *resize_raw(void *p, size_t size)
{
  struct gilloc_entry entry = gilloc_entry_enter();
  void *resized = size > PTRDIFF_MAX ? NULL : gilloc_raw_realloc(p, size);
  gilloc_entry_leave(entry);
  if (!resized)
    errno = ENOMEM;
  return resized;
}

GILLOC_PUBLIC void *gilloc_realloc(void *p, size_t size)
{
  if (!p)
    return take(size);
  bool in_pool = gilloc_arena_map_find(p) != 0;
  if (!in_pool && !GILLOC_HAS_LARGE)
    return resize_raw(p, size);
  struct gilloc_entry entry = gilloc_entry_enter();
  size_t bytes = usable_size(p, "realloc");
  gilloc_entry_leave(entry);
  if (!in_pool && size > GILLOC_BLOCK_MAX)
    return resize_large(p, size);
  if (size <= bytes && size > 0 && 4 * size > 3 * bytes)
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

/* `alignment` is a power of two. NULL without memory; errno is not touched on success. */
static void *take_aligned(size_t alignment, size_t size)
{
  if (alignment <= GILLOC_ALIGNMENT)
    return take(size);
  unsigned size_class =
      GILLOC_HAS_LARGE ? gilloc_size_class_of_aligned(size ? size : 1, alignment) : GILLOC_CLASS_COUNT;
  if (size_class < GILLOC_CLASS_COUNT)
    return take(gilloc_size_class_bytes(size_class));
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

GILLOC_PUBLIC size_t gilloc_usable_size(const void *p)
{
  if (!p)
    return 0;
  struct gilloc_entry entry = gilloc_entry_enter();
  size_t bytes = usable_size((void *)p, "usable_size");
  gilloc_central_check_block(p, "usable_size");
  gilloc_entry_leave(entry);
  return bytes;
}

GILLOC_PUBLIC struct gilloc_flavour gilloc_flavour(void)
{
  return (struct gilloc_flavour){GILLOC_FLAVOUR_STRATEGY, GILLOC_FLAVOUR_LOCK, GILLOC_FLAVOUR_GEOMETRY};
}

GILLOC_PUBLIC const char *gilloc_version(void)
{
  return GILLOC_VERSION;
}
