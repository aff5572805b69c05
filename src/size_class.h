/* SPDX-License-Identifier: MIT
 *
 * size_class.h: size -> class -> block size. Classes stand GILLOC_ALIGNMENT apart to GILLOC_LINEAR_MAX,
 * then four a doubling. Pure arithmetic and constant tables; no state.
 *
 *   gilloc_size_class_bytes(gilloc_size_class_of(n)) >= n, and no smaller class would do
 */
#ifndef GILLOC_SIZE_CLASS_H
#define GILLOC_SIZE_CLASS_H

#include "geometry.h"

/* Block size in bytes of each class. */
extern GILLOC_HIDDEN const uint32_t gilloc_size_class_sizes[GILLOC_CLASS_COUNT];
/* Ceiling of 2^32 / block size: see gilloc_size_class_divides. */
extern GILLOC_HIDDEN const uint32_t gilloc_size_class_inverses[GILLOC_CLASS_COUNT];

enum { GILLOC_SIZE_CLASS_STEP_BITS = 7, GILLOC_SIZE_CLASS_STEPS = 256 };

/* By (size - 1) / 128. */
extern GILLOC_HIDDEN const uint8_t gilloc_size_class_codes_above[GILLOC_SIZE_CLASS_STEPS];
_Static_assert(GILLOC_BLOCK_MAX >> GILLOC_SIZE_CLASS_STEP_BITS <= GILLOC_SIZE_CLASS_STEPS,
               "the table covers them");

static inline bool gilloc_size_class_covers(size_t size)
{
  return size - 1 < GILLOC_BLOCK_MAX;
}

/* One more than the class of a size above GILLOC_LINEAR_MAX, to GILLOC_BLOCK_MAX: classes there lie at
 * multiples of 128. */
static GILLOC_ALWAYS_INLINE size_t gilloc_size_class_code_above(size_t size)
{
  return gilloc_size_class_codes_above[(size - 1) >> GILLOC_SIZE_CLASS_STEP_BITS];
}

/* One more than the class of a size to GILLOC_LINEAR_MAX; 0 for size 0. */
static GILLOC_ALWAYS_INLINE size_t gilloc_size_class_code_linear(size_t size)
{
  return (size + GILLOC_ALIGNMENT - 1) >> GILLOC_ALIGNMENT_BITS;
}

/* The class of a size from 1 to GILLOC_BLOCK_MAX. */
static GILLOC_ALWAYS_INLINE unsigned gilloc_size_class_of(size_t size)
{
  if (GILLOC_BLOCK_MAX == GILLOC_LINEAR_MAX || GILLOC_LIKELY(size <= GILLOC_LINEAR_MAX))
    return (unsigned)((size - 1) >> GILLOC_ALIGNMENT_BITS);
  return (unsigned)gilloc_size_class_code_above(size) - 1U;
}

static inline size_t gilloc_size_class_bytes(unsigned size_class)
{
  return gilloc_size_class_sizes[size_class];
}

/* True where `offset`, less than a pool, is a multiple of the class's block size. With m = ceil(2^32 / n):
 * n divides a exactly when (a * m) mod 2^32 < m, for a and n up to 2^16 (Lemire, Kaser, Kurz, "Faster
 * remainder by direct computation", 2019). */
static inline bool gilloc_size_class_divides(unsigned size_class, uint32_t offset)
{
  uint32_t inverse = gilloc_size_class_inverses[size_class];
  return offset * inverse < inverse;
}

/* The smallest class whose blocks hold `size` bytes at multiples of `alignment`, or GILLOC_CLASS_COUNT
 * where there is none. Meaningful where blocks fill their pool from its first byte. */
unsigned gilloc_size_class_of_aligned(size_t size, size_t alignment);

#endif
