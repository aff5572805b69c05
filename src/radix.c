/* SPDX-License-Identifier: MIT
 *
 * radix.c: leaves.
 */
#include "radix.h"

#include "os_memory.h"

bool gilloc_radix_reserve(gilloc_radix_root *root, struct gilloc_radix_shape shape, uintptr_t key,
                          size_t count)
{
  uintptr_t last = (key + count - 1) >> shape.leaf_bits;
  if (last >> shape.root_bits != 0)
    return false;
  for (uintptr_t index = key >> shape.leaf_bits; index <= last; index++) {
    if (atomic_load_explicit(&root[index], memory_order_relaxed) != 0)
      continue;
    char *leaf = gilloc_os_reserve_for_good(sizeof(uintptr_t) << shape.leaf_bits);
    if (!leaf)
      return false;
    uintptr_t entry = (uintptr_t)leaf - (index << shape.leaf_bits) * sizeof(uintptr_t) + 1;
    /* pairs with the acquire in gilloc_radix_find */
    atomic_store_explicit(&root[index], entry, memory_order_release);
  }
  return true;
}
