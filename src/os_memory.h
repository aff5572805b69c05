/* SPDX-License-Identifier: MIT
 *
 * os_memory.h: the only file that maps and unmaps memory. Sizes are bytes and are rounded up to pages by
 * the callers or the kernel; addresses are page-aligned; fresh memory is zero and untouched. Every
 * function is thread-safe, takes no lock and preserves errno; failure to map is NULL and no more.
 */
#ifndef GILLOC_OS_MEMORY_H
#define GILLOC_OS_MEMORY_H

#include "base.h"

/* The page size, read from the system once. */
size_t gilloc_os_page_size(void);

/* `bytes` rounded up to whole pages; 0 where that overflows. */
size_t gilloc_os_round_to_pages(size_t bytes);

/* Maps `bytes` of zeroed private memory; NULL when there is none. */
void *gilloc_os_map(size_t bytes);

/* As gilloc_os_map, at a multiple of `alignment`, a power of two. */
void *gilloc_os_map_aligned(size_t bytes, size_t alignment);

/* Gives a mapping, or a whole number of its pages, back. Where the kernel cannot split a mapping for
 * want of memory, the pages are given back and the addresses are lost. */
void gilloc_os_unmap(void *start, size_t bytes);

/* Grows or shrinks a mapping where it stands; false where there is no room, with nothing changed. */
bool gilloc_os_resize(void *start, size_t old_bytes, size_t new_bytes);

/* Moves the pages of the mapping at `from` onto the mapping at `to`, which they replace, without copying;
 * to_bytes >= from_bytes. False where the kernel cannot (no memory, locked pages, advice or protection that
 * is not the same for all pages): `from` stays whole, and `to` must be taken as gone, though some refusals
 * leave it, untouched, for the rest of the process. */
bool gilloc_os_move(void *from, size_t from_bytes, void *to, size_t to_bytes);

#endif
