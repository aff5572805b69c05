/* SPDX-License-Identifier: MIT
 *
 * arena_map.h: address -> arena and size class, for any address whatever, without touching what lies
 * there. One word for each pool-sized, pool-aligned slot of the address space:
 *
 *   word = arena's record (2048-byte aligned) | code * 16     code = 0: pool not in use, c + 1: class c
 *   word = 0: not ours
 *
 * Readers take no lock. Written under the arenas' guard (insert, remove) or by the one thread that has
 * taken the pool (set_class). A word of an arena that is being released may still be read: its record
 * keeps its place until a grace period has passed (arena_record.h), and a reader that goes from the word to the
 * record or the pool of a pointer it cannot vouch for stands in a read section (guard.h).
 */
#ifndef GILLOC_ARENA_MAP_H
#define GILLOC_ARENA_MAP_H

#include "geometry.h"
#include "radix.h"

struct gilloc_arena;

enum {
  GILLOC_ARENA_MAP_CODE_SHIFT = 4,
  GILLOC_ARENA_MAP_CODE_MASK = 2047,
  GILLOC_ARENA_MAP_RECORD_ALIGNMENT = GILLOC_ARENA_MAP_CODE_MASK + 1,
  GILLOC_ARENA_MAP_ADDRESS_BITS = 48,
  GILLOC_ARENA_MAP_KEY_BITS = GILLOC_ARENA_MAP_ADDRESS_BITS - GILLOC_POOL_BITS,
  GILLOC_ARENA_MAP_LEAF_BITS = 20,
  GILLOC_ARENA_MAP_ROOT_BITS = GILLOC_ARENA_MAP_KEY_BITS - GILLOC_ARENA_MAP_LEAF_BITS
};

extern GILLOC_HIDDEN gilloc_radix_root gilloc_arena_map_root[1 << GILLOC_ARENA_MAP_ROOT_BITS];

static GILLOC_ALWAYS_INLINE struct gilloc_radix_shape gilloc_arena_map_shape(void)
{
  return (struct gilloc_radix_shape){GILLOC_ARENA_MAP_ROOT_BITS, GILLOC_ARENA_MAP_LEAF_BITS};
}

/* The word of the slot that `address` lies in. */
static GILLOC_ALWAYS_INLINE uintptr_t gilloc_arena_map_find(const void *address)
{
  return gilloc_radix_find(gilloc_arena_map_root, gilloc_arena_map_shape(),
                           (uintptr_t)address >> GILLOC_POOL_BITS);
}

/* A window: the slots of one leaf, GILLOC_POOL_SIZE << 20 bytes of addresses (64 GiB for pools of 64 KiB),
 * with a byte a slot, its code, in a table of its own: 64 pools a cache line. A thread that keeps the window
 * it used last finds most codes with one load. Tables stay for ever, so a window does not go stale.
 * Strategies without thread caches have no windows. */
struct gilloc_arena_map_window {
  uintptr_t base;               /* the first address in it */
  size_t slots;                 /* in it; 0: no window */
  const _Atomic uint8_t *codes; /* one a slot */
};

enum {
  GILLOC_ARENA_MAP_WINDOW_SLOTS = 1 << GILLOC_ARENA_MAP_LEAF_BITS,
  GILLOC_ARENA_MAP_WINDOW_BITS = GILLOC_POOL_BITS + GILLOC_ARENA_MAP_LEAF_BITS
};

/* The slot of `address` in the window; not below `slots` where it lies outside. */
static GILLOC_ALWAYS_INLINE size_t gilloc_arena_map_slot(const struct gilloc_arena_map_window *window,
                                                         const void *address)
{
  return ((uintptr_t)address - window->base) >> GILLOC_POOL_BITS;
}

static GILLOC_ALWAYS_INLINE size_t gilloc_arena_map_code_in(const struct gilloc_arena_map_window *window,
                                                            size_t slot)
{
  /* pairs with the release in gilloc_arena_map_set_code */
  return atomic_load_explicit(&window->codes[slot], memory_order_acquire);
}

typedef _Atomic uint8_t *gilloc_arena_map_codes;
extern GILLOC_HIDDEN _Atomic(gilloc_arena_map_codes) gilloc_arena_map_tables[1 << GILLOC_ARENA_MAP_ROOT_BITS];

/* The window of an address of ours. */
struct gilloc_arena_map_window gilloc_arena_map_window(const void *address);

/* The two halves of a word. */
static GILLOC_ALWAYS_INLINE struct gilloc_arena *gilloc_arena_map_arena(uintptr_t word)
{
  return (struct gilloc_arena *)(word & ~(uintptr_t)GILLOC_ARENA_MAP_CODE_MASK);
}

static GILLOC_ALWAYS_INLINE unsigned gilloc_arena_map_code(uintptr_t word)
{
  return (unsigned)((word & GILLOC_ARENA_MAP_CODE_MASK) >> GILLOC_ARENA_MAP_CODE_SHIFT);
}

/* True where gilloc_arena_map_code is not 0. */
static GILLOC_ALWAYS_INLINE bool gilloc_arena_map_is_in_use(uintptr_t word)
{
  return (word & GILLOC_ARENA_MAP_CODE_MASK) != 0;
}

/* Enters the `pools` pools from `first_pool` as `arena`'s, not in use; false without memory. */
bool gilloc_arena_map_insert(struct gilloc_arena *arena, char *first_pool, unsigned pools);
void gilloc_arena_map_remove(char *first_pool, unsigned pools);

/* Leaves that the map has, and the bytes of one; for reports. */
size_t gilloc_arena_map_leaves(void);

enum { GILLOC_ARENA_MAP_LEAF_BYTES = sizeof(uintptr_t) << GILLOC_ARENA_MAP_LEAF_BITS };

/* Sets what the pool at `pool_start` is used for: code 0 or class + 1. */
static inline void gilloc_arena_map_set_code(struct gilloc_arena *arena, char *pool_start, unsigned code)
{
  uintptr_t word = (uintptr_t)arena | (uintptr_t)code << GILLOC_ARENA_MAP_CODE_SHIFT;
  gilloc_radix_set(gilloc_arena_map_root, gilloc_arena_map_shape(), (uintptr_t)pool_start >> GILLOC_POOL_BITS,
                   word);
  if (GILLOC_HAS_TCACHE) {
    size_t slot = (uintptr_t)pool_start >> GILLOC_POOL_BITS;
    gilloc_arena_map_codes codes = atomic_load_explicit(
        &gilloc_arena_map_tables[slot >> GILLOC_ARENA_MAP_LEAF_BITS], memory_order_relaxed);
    /* pairs with the acquire in gilloc_arena_map_code_in */
    atomic_store_explicit(&codes[slot & (GILLOC_ARENA_MAP_WINDOW_SLOTS - 1)], (uint8_t)code,
                          memory_order_release);
  }
}

#endif
