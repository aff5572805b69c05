/* SPDX-License-Identifier: MIT
 *
 * heap_check.h: is this pointer, which lies in a pool of ours, a live block? As far as the block itself and
 * the caches can tell; what the pool knows is asked for where its guard is held (central.h). Misuse is a
 * panic that names the pointer and the public function.
 */
#ifndef GILLOC_HEAP_CHECK_H
#define GILLOC_HEAP_CHECK_H

#include "panic.h"
#include "size_class.h"
#include "tcache.h"

/* True where a block of up to GILLOC_LINEAR_MAX bytes is always of the class of the size that was asked for,
 * realloc's included; CPython's geometries keep CPython's realloc instead, and fall back to the raw domain.
 */
enum { GILLOC_SIZE_TELLS_CLASS = GILLOC_HAS_TCACHE && GILLOC_HAS_LARGE };

/* A block that carries its pool's key is free. One that carries a magazine's may be a live one that points at
 * itself: the magazines know. */
static GILLOC_ALWAYS_INLINE bool gilloc_heap_is_free(const struct gilloc_block *block, unsigned size_class)
{
  if (GILLOC_ALIGNMENT < 16 && !gilloc_block_has_key(gilloc_size_class_bytes(size_class)))
    return false;
  if (GILLOC_HAS_TCACHE && GILLOC_UNLIKELY(gilloc_block_is_cached(block)))
    return gilloc_tcache_has(size_class, block);
  return gilloc_block_is_free(block);
}

/* True where a block of the class may begin. The block is not touched: it might reach beyond its arena. */
static GILLOC_ALWAYS_INLINE bool gilloc_heap_is_start(const struct gilloc_block *block, unsigned size_class)
{
  uint32_t offset = (uint32_t)((uintptr_t)block & (GILLOC_POOL_SIZE - 1)) - GILLOC_POOL_FIRST_BLOCK;
  return offset < GILLOC_POOL_SIZE && gilloc_size_class_divides(size_class, offset);
}

/* Panics on an address where no block of the class may begin. */
static GILLOC_ALWAYS_INLINE void gilloc_heap_check_start(const struct gilloc_block *block,
                                                         unsigned size_class, const char *call)
{
  if (GILLOC_UNLIKELY(!gilloc_heap_is_start(block, size_class)))
    gilloc_panic("%s of %p, which is not the start of a block", call, (const void *)block);
}

/* Panics on a pointer into a pool of ours that is not a live block, as far as the block itself tells. */
static GILLOC_ALWAYS_INLINE void gilloc_heap_check_live(const struct gilloc_block *block, unsigned size_class,
                                                        const char *call)
{
  gilloc_heap_check_start(block, size_class, call);
  if (GILLOC_UNLIKELY(gilloc_heap_is_free(block, size_class)))
    gilloc_panic("%s of %p, which has been freed", call, (const void *)block);
}

/* As gilloc_heap_check_live, with the words that name this misuse. */
static GILLOC_ALWAYS_INLINE void gilloc_heap_check_put(const struct gilloc_block *block, unsigned size_class)
{
  gilloc_heap_check_start(block, size_class, "free");
  if (GILLOC_UNLIKELY(gilloc_heap_is_free(block, size_class)))
    gilloc_panic("double free of %p", (const void *)block);
}

/* Bytes that may be used at a live block; panics on any other pointer, naming the public function. */
size_t gilloc_heap_usable_size(void *p, const char *call);

#endif
