/* SPDX-License-Identifier: MIT
 *
 * radix.c: leaves and words.
 */
#include "radix.h"

#include "os_memory.h"
#include "panic.h"

bool gilloc_radix_reserve(gilloc_radix_root *root, struct gilloc_radix_shape shape, uintptr_t key,
                          size_t count)
{
  uintptr_t last = (key + count - 1) >> shape.leaf_bits;
  if (last >> shape.root_bits != 0)
    return false;
  for (uintptr_t index = key >> shape.leaf_bits; index <= last; index++) {
    if (atomic_load_explicit(&root[index], memory_order_relaxed) != 0)
      continue;
    char *leaf = gilloc_os_map(sizeof(uintptr_t) << shape.leaf_bits);
    if (!leaf)
      return false;
    uintptr_t entry = (uintptr_t)leaf - (index << shape.leaf_bits) * sizeof(uintptr_t) + 1;
    /* pairs with the acquire in gilloc_radix_find */
    atomic_store_explicit(&root[index], entry, memory_order_release);
  }
  return true;
}

void gilloc_radix_set(gilloc_radix_root *root, struct gilloc_radix_shape shape, uintptr_t key, uintptr_t word)
{
  uintptr_t entry = atomic_load_explicit(&root[key >> shape.leaf_bits], memory_order_relaxed);
  gilloc_assert(entry != 0);
  /* pairs with the acquire in gilloc_radix_find */
  atomic_store_explicit(gilloc_radix_word(entry, key), word, memory_order_release);
}
