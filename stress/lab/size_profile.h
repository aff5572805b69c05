/* SPDX-License-Identifier: MIT
 *
 * size_profile.h: sizes and lifetimes of the blocks of a real program, as a table to draw from.
 *
 * Measured: CPython 3.11.7 with PYTHONMALLOC=malloc, so that each of its allocations reaches malloc(3),
 * compiling and parsing 60 modules of its standard library, indexing their words and writing and reading
 * the result as JSON: 4,008,335 allocations, at most 179,541 blocks of 19.8 MB live at a time. A preloaded
 * library wrote down each malloc, calloc, realloc (a death and a birth: 7 % of the births) and free in
 * order. The lifetime of a block is the number of births from its own to its death.
 */
#ifndef GILLOC_LAB_SIZE_PROFILE_H
#define GILLOC_LAB_SIZE_PROFILE_H

#include "prng.h"

enum { GILLOC_SHAPE_LIFE_MAX = 65535 };

struct gilloc_shape {
  uint32_t size; /* bytes, from 1 */
  uint32_t life; /* births from its own to its death, 1 to GILLOC_SHAPE_LIFE_MAX: longer lives are cut */
};

struct gilloc_shape gilloc_size_profile_draw(struct gilloc_prng *dice);

#endif
