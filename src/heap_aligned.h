/* SPDX-License-Identifier: MIT
 *
 * heap_aligned.h: the public functions that allocate at a multiple of more than GILLOC_ALIGNMENT: the
 * smallest class whose blocks lie so, or a large block. No state.
 */
#ifndef GILLOC_HEAP_ALIGNED_H
#define GILLOC_HEAP_ALIGNED_H

#include <gilloc/gilloc.h>

#include "base.h"

#endif
