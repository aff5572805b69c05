/* SPDX-License-Identifier: MIT
 *
 * sized.h: free with the size known, where the allocator has it.
 */
#ifndef GILLOC_BENCH_SIZED_H
#define GILLOC_BENCH_SIZED_H

#include <stddef.h>

typedef void gilloc_bench_sized_free(void *block, size_t size);

/* C23's free_sized, or C++'s sized operator delete, of whatever allocator is loaded; NULL where there is
 * neither. */
gilloc_bench_sized_free *gilloc_bench_sized_find(void);

#endif
