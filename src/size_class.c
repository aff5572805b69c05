/* SPDX-License-Identifier: MIT
 *
 * size_class.c: the tables of size_class.h, made by the preprocessor from the geometry's list of sizes.
 */
#include "size_class.h"

#define SIZE_ROW(size_class, size) [size_class] = (size),
#define INVERSE_ROW(size_class, size) [size_class] = (uint32_t)(((1ULL << 32) + (size)-1) / (size)),

const uint32_t gilloc_size_class_sizes[GILLOC_CLASS_COUNT] = {GILLOC_CLASS_SIZES(SIZE_ROW)};
const uint32_t gilloc_size_class_inverses[GILLOC_CLASS_COUNT] = {GILLOC_CLASS_SIZES(INVERSE_ROW)};

unsigned gilloc_size_class_of_aligned(size_t size, size_t alignment)
{
  if (!gilloc_size_class_covers(size) || alignment > GILLOC_BLOCK_MAX)
    return GILLOC_CLASS_COUNT;
  for (unsigned size_class = gilloc_size_class_of(size); size_class < GILLOC_CLASS_COUNT; size_class++)
    if (gilloc_size_class_sizes[size_class] % alignment == 0)
      return size_class;
  return GILLOC_CLASS_COUNT;
}
