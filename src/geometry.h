/* SPDX-License-Identifier: MIT
 *
 * geometry.h: the numbers of arenas, pools and blocks. CMake names one geometry_<name>.h; what follows
 * from its numbers is derived here and checked.
 *
 *   arena = pools of equal size;  pool = [header] blocks of one size class;  block = what malloc returns
 */
#ifndef GILLOC_GEOMETRY_H
#define GILLOC_GEOMETRY_H

#include "base.h"

#include GILLOC_GEOMETRY_FILE

enum {
  GILLOC_ALIGNMENT = 1 << GILLOC_ALIGNMENT_BITS,
  GILLOC_POOL_SIZE = 1 << GILLOC_POOL_BITS,
  GILLOC_ARENA_SIZE = 1 << GILLOC_ARENA_BITS,
  GILLOC_ARENA_POOLS = 1 << (GILLOC_ARENA_BITS - GILLOC_POOL_BITS),
  GILLOC_LINEAR_CLASSES = GILLOC_LINEAR_MAX >> GILLOC_ALIGNMENT_BITS,
  GILLOC_POOL_HEADER_SIZE = 48,
  /* Where a pool's first block begins. */
  GILLOC_POOL_FIRST_BLOCK = GILLOC_POOL_HEADER_INLINE * GILLOC_POOL_HEADER_SIZE
};

_Static_assert(GILLOC_POOL_BITS >= 12 && GILLOC_ARENA_BITS > GILLOC_POOL_BITS, "pools are pages of arenas");
_Static_assert(GILLOC_ARENA_POOLS <= 64, "a pool's index in its arena fits the arena's stack");
_Static_assert(GILLOC_CLASS_COUNT < 127, "a class and 'none' fit the low bits of an arena map entry");
_Static_assert(2 * GILLOC_BLOCK_MAX <= GILLOC_POOL_SIZE - GILLOC_POOL_FIRST_BLOCK, "a pool holds two blocks");

#endif
