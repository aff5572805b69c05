/* SPDX-License-Identifier: MIT
 *
 * size_class.c: the tables of size_class.h, made by the preprocessor from the geometry's list of sizes.
 */
#include "size_class.h"

#define SIZE_ROW(size_class, size) [size_class] = (size),
#define INVERSE_ROW(size_class, size) [size_class] = (uint32_t)(((1ULL << 32) + (size)-1) / (size)),

/* The code of the sizes in 128-byte step `i`: four a doubling above the linear ones. */
#define DOUBLING(i) (31U - (unsigned)__builtin_clz((i) | 1U))
#define FIRST_DOUBLING DOUBLING((unsigned)GILLOC_LINEAR_MAX >> GILLOC_SIZE_CLASS_STEP_BITS)
#define QUARTER(i) ((i) >> (DOUBLING((i) | 4U) - 2U) & 3U)
#define CODE(i)                                                                                              \
  ((i) < (unsigned)GILLOC_LINEAR_MAX >> GILLOC_SIZE_CLASS_STEP_BITS                                          \
       ? 0U                                                                                                  \
       : GILLOC_LINEAR_CLASSES + (DOUBLING(i) - FIRST_DOUBLING) * 4U + QUARTER(i) + 1U)
#define CODES_4(i) CODE(i), CODE((i) + 1U), CODE((i) + 2U), CODE((i) + 3U)
#define CODES_16(i) CODES_4(i), CODES_4((i) + 4U), CODES_4((i) + 8U), CODES_4((i) + 12U)
#define CODES_64(i) CODES_16(i), CODES_16((i) + 16U), CODES_16((i) + 32U), CODES_16((i) + 48U)

const uint32_t gilloc_size_class_sizes[GILLOC_CLASS_COUNT] = {GILLOC_CLASS_SIZES(SIZE_ROW)};
const uint32_t gilloc_size_class_inverses[GILLOC_CLASS_COUNT] = {GILLOC_CLASS_SIZES(INVERSE_ROW)};

const uint8_t gilloc_size_class_codes_above[GILLOC_SIZE_CLASS_STEPS] = {CODES_64(0U), CODES_64(64U),
                                                                        CODES_64(128U), CODES_64(192U)};

unsigned gilloc_size_class_of_aligned(size_t size, size_t alignment)
{
  if (!gilloc_size_class_covers(size) || alignment > GILLOC_BLOCK_MAX)
    return GILLOC_CLASS_COUNT;
  for (unsigned size_class = gilloc_size_class_of(size); size_class < GILLOC_CLASS_COUNT; size_class++)
    if (gilloc_size_class_sizes[size_class] % alignment == 0)
      return size_class;
  return GILLOC_CLASS_COUNT;
}
