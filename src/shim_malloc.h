/* SPDX-License-Identifier: MIT
 *
 * shim_malloc.h: what shim_malloc.c defines that no system header declares in every feature set.
 */
#ifndef GILLOC_SHIM_MALLOC_H
#define GILLOC_SHIM_MALLOC_H

#include <stddef.h>

size_t malloc_usable_size(void *p);
void *memalign(size_t alignment, size_t size);
void *valloc(size_t size);
void *pvalloc(size_t size);
void free_sized(void *p, size_t size);
void free_aligned_sized(void *p, size_t alignment, size_t size);
size_t memalignment(const void *p);
void cfree(void *p);

#endif
