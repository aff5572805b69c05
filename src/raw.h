/* SPDX-License-Identifier: MIT
 *
 * raw.h: the raw domain: the C library's allocator, which serves what the pools of the CPython geometries
 * do not (CPython's PyMem_Raw*). Sizes are bytes; zero is asked for as one, as CPython does. In a library
 * that itself replaces malloc, the build names the C library's own entry points instead.
 */
#ifndef GILLOC_RAW_H
#define GILLOC_RAW_H

#include "base.h"

void *gilloc_raw_malloc(size_t size);
void *gilloc_raw_calloc(size_t count, size_t size);
void *gilloc_raw_realloc(void *p, size_t size);
void gilloc_raw_free(void *p);
void *gilloc_raw_memalign(size_t alignment, size_t size);
size_t gilloc_raw_usable_size(void *p);

#endif
