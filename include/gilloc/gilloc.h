/* SPDX-License-Identifier: MIT
 *
 * gilloc.h: allocation. One arena/pool/block core (the design of CPython's pymalloc) whose guard is
 * chosen when the library is built: `none` (one thread), `gil` (a global interpreter lock), `fine` (a
 * lock a size class, with per-thread caches). The functions below are the same in every flavour, so the
 * same application runs on each.
 *
 * Sizes are bytes. Unless a function says otherwise it is thread-safe in the flavours `gil` and `fine`,
 * keeps no reference to its arguments, and may be called with or without the GIL held: under `gil`, a
 * thread that does not hold the GIL takes it for the length of the call. In `none` only one thread of
 * the process may ever call (debug builds check).
 */
#ifndef GILLOC_GILLOC_H
#define GILLOC_GILLOC_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Allocates `size` bytes, uninitialised, aligned to 16 (to 8 in the `classic` geometry). A size of 0
 * gives a unique pointer that may be freed. NULL with errno ENOMEM when there is no memory or `size` is
 * over PTRDIFF_MAX. (C17 7.22.3.4; the zero case as CPython's PyMem_Malloc.) */
void *gilloc_malloc(size_t size);

/* Allocates `count * size` bytes, zeroed. NULL with ENOMEM also where the product overflows.
 * (C17 7.22.3.2) */
void *gilloc_calloc(size_t count, size_t size);

/* Resizes the block at `p` to `size` bytes, keeping its first min(old, new) bytes; the block may move.
 * `p` NULL allocates. `size` 0 gives a block of size 0 and never frees (as CPython's PyMem_Realloc).
 * On failure: NULL with ENOMEM, and the old block stays as it was. A block shrunk to more than 3/4 of
 * its class stays in place (CPython obmalloc: 4 * size > 3 * block). A `p` that is not a live block of
 * this library is a panic. */
void *gilloc_realloc(void *p, size_t size);

/* gilloc_realloc(p, count * size); NULL with ENOMEM where the product overflows. (POSIX 2024) */
void *gilloc_reallocarray(void *p, size_t count, size_t size);

/* Frees the block at `p`; NULL does nothing. errno is preserved. A pointer that is not the start of a
 * live block of this library, as far as the core can tell (foreign, interior, already free), ends the
 * process with a panic that names it. Under `fine` a pointer into the midst of a block is told at once in
 * debug builds; in release builds only when it comes to its pool, and not if it is handed out before.
 * (C17 7.22.3.3, POSIX 2024) */
void gilloc_free(void *p);

/* Frees the block at `p`, which malloc, calloc or realloc gave for `size` bytes (count * size of calloc);
 * NULL does nothing. errno is preserved. A size that the block was not asked for is undefined; debug builds
 * panic where it cannot have been. (C23 7.24.3.4) */
void gilloc_free_sized(void *p, size_t size);

/* As gilloc_free_sized, of a block that gilloc_aligned_alloc gave for this alignment and size; undefined for
 * any other. (C23 7.24.3.5; blocks of gilloc_posix_memalign may come here too.) */
void gilloc_free_aligned_sized(void *p, size_t alignment, size_t size);

/* Allocates `size` bytes at a multiple of `alignment`, a power of two. NULL with EINVAL for any other
 * alignment, with ENOMEM when there is no memory. (C17 7.22.3.1; `size` need not be a multiple.) */
void *gilloc_aligned_alloc(size_t alignment, size_t size);

/* As gilloc_aligned_alloc, with POSIX's contract: 0 and the block in `*out`, or EINVAL (alignment not a
 * power of two multiple of sizeof(void *)) or ENOMEM, with `*out` and errno untouched. (POSIX 2017) */
int gilloc_posix_memalign(void **out, size_t alignment, size_t size);

/* The bytes that may be used at `p` (at least what was asked for; all of them may be written); 0 for
 * NULL. (glibc malloc_usable_size) */
size_t gilloc_usable_size(const void *p);

/* Gives back to the system what can be given back at once: the calling thread's cache, the spare magazines
 * and cached large blocks of other threads, the depot, free pools, empty arenas and free runs of pages. With
 * a `pad` above zero nothing is done while at most that many bytes are purgeable. 1 where memory was given
 * back, else 0. errno is preserved. Thread-safe. (glibc malloc_trim) */
int gilloc_trim(size_t pad);

/* What this library was built as; plain static strings, for reports. */
struct gilloc_flavour {
  const char *strategy; /* "none", "gil" or "fine" ("system": the C library's malloc, lab only) */
  const char *lock;     /* "none", "pthread", "futex", "fas", "ticket" or "mcs" */
  const char *geometry; /* "classic", "py39", "py311" or "wide" ("none": lab's `system`) */
};

/* Never fails, takes no lock, needs no GIL. */
struct gilloc_flavour gilloc_flavour(void);

/* The library's version, "MAJOR.MINOR.PATCH". Never fails, takes no lock, needs no GIL. */
const char *gilloc_version(void);

#ifdef __cplusplus
}
#endif
#endif
