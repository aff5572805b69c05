/* SPDX-License-Identifier: MIT
 *
 * heap_realloc.h: the public functions that resize a block. In a pool nothing is guarded: a live block is its
 * owner's.
 */
#ifndef GILLOC_HEAP_REALLOC_H
#define GILLOC_HEAP_REALLOC_H

#include <gilloc/gilloc.h>

#include "base.h"

#endif
