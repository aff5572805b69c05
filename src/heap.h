/* SPDX-License-Identifier: MIT
 *
 * heap.h: the public functions of gilloc/gilloc.h, and what the malloc surface needs beside them.
 *
 *   malloc(n)  entry -> class of n -> tcache_pop -> hit: done
 *                                                  miss: tcache_refill -> depot -> central -> pool | arena
 *              n above the classes: large (wide) or raw (CPython's geometries)
 *   free(p)    entry -> class of p by the arena map -> tcache_push -> room: done
 *                                                                     full: the spare, or the depot
 *              p in no pool: large, raw, or a panic
 */
#ifndef GILLOC_HEAP_H
#define GILLOC_HEAP_H

#include <gilloc/gilloc.h>

#include "base.h"

#endif
