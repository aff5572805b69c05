/* SPDX-License-Identifier: MIT
 *
 * radix.h: a two-level tree from a small integer key to a word; 0 means "nothing there". Readers take no
 * lock: leaves appear once, fully zeroed, and stay for ever. Writers of one tree are excluded from each
 * other by its owner's guard.
 *
 *   key = | root index | leaf index |      root[i] -> leaf (mapped at first use) -> word
 *
 * A root entry is not the leaf's address but that of the word which key 0 would have if the leaf reached
 * down to it, plus one: so the whole key indexes it, without a mask, and an entry in use is never 0.
 */
#ifndef GILLOC_RADIX_H
#define GILLOC_RADIX_H

#include "base.h"
#include "panic.h"

#include <stdatomic.h>

/* The shape of a tree: passed by value as a constant, so it folds away. */
struct gilloc_radix_shape {
  unsigned root_bits;
  unsigned leaf_bits;
};

typedef _Atomic uintptr_t gilloc_radix_root;

static GILLOC_ALWAYS_INLINE _Atomic uintptr_t *gilloc_radix_word(uintptr_t entry, uintptr_t key)
{
  return (_Atomic uintptr_t *)(entry - 1 + key * sizeof(uintptr_t));
}

/* The word of `key`, 0 for a key beyond the tree. Lock-free, any thread. */
static GILLOC_ALWAYS_INLINE uintptr_t gilloc_radix_find(gilloc_radix_root *root,
                                                        struct gilloc_radix_shape shape, uintptr_t key)
{
  uintptr_t index = key >> shape.leaf_bits;
  if (GILLOC_UNLIKELY(index >= (uintptr_t)1 << shape.root_bits))
    return 0;
  /* pairs with the release in gilloc_radix_reserve: a leaf is seen zeroed */
  uintptr_t entry = atomic_load_explicit(&root[index], memory_order_acquire);
  if (GILLOC_UNLIKELY(entry == 0))
    return 0;
  /* pairs with the release in gilloc_radix_set: what the word points at is seen initialised */
  return atomic_load_explicit(gilloc_radix_word(entry, key), memory_order_acquire);
}

/* Makes sure that the keys [key, key + count) have leaves; false without memory or for a key beyond the
 * tree. */
bool gilloc_radix_reserve(gilloc_radix_root *root, struct gilloc_radix_shape shape, uintptr_t key,
                          size_t count);

/* Sets the word of a reserved key. */
static inline void gilloc_radix_set(gilloc_radix_root *root, struct gilloc_radix_shape shape, uintptr_t key,
                                    uintptr_t word)
{
  uintptr_t entry = atomic_load_explicit(&root[key >> shape.leaf_bits], memory_order_relaxed);
  gilloc_assert(entry != 0);
  /* pairs with the acquire in gilloc_radix_find */
  atomic_store_explicit(gilloc_radix_word(entry, key), word, memory_order_release);
}

#endif
