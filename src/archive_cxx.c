/* SPDX-License-Identifier: MIT
 *
 * archive_cxx.c: the operators in the archive that replaces malloc, as C++ programs link it. All are weak, so
 * that a program may replace any; it is the linker that finds who answers to a name, and the others, as the
 * standard defines them, call that one. The nothrow forms stay the C++ library's own: they know how to catch,
 * and by the standard they call these. No state.
 */
#include "shim_cxx.h"

#include "base.h"

#include <gilloc/gilloc.h>

#define REPLACEABLE GILLOC_PUBLIC __attribute__((weak))
#define REPLACEABLE_AS(name) __attribute__((visibility("default"), weak, alias(#name)))

typedef void new_handler(void);

/* std::get_new_handler and std::__throw_bad_alloc. */
new_handler *gilloc_cxx_get_new_handler(void) __asm__("_ZSt15get_new_handlerv");
_Noreturn void gilloc_cxx_throw_bad_alloc(void) __asm__("_ZSt17__throw_bad_allocv");

/* ---- operator new ---- */

/* Calls the new-handler, which may make room or throw; without one, throws std::bad_alloc. */
static void handle_want_of_memory(void)
{
  new_handler *handler = gilloc_cxx_get_new_handler();
  if (!handler)
    gilloc_cxx_throw_bad_alloc();
  handler();
}

static GILLOC_COLD void *new_slow(size_t size)
{
  void *p;
  do {
    handle_want_of_memory();
    p = gilloc_malloc(size);
  } while (!p);
  return p;
}

static GILLOC_COLD void *new_aligned_slow(size_t size, size_t alignment)
{
  void *p;
  do {
    handle_want_of_memory();
    p = gilloc_aligned_alloc(alignment, size);
  } while (!p);
  return p;
}

/* What others are defined by has a second name, to tell whether it answers to the first. */
static void *new_block(size_t size)
{
  void *p = gilloc_malloc(size);
  return GILLOC_LIKELY(p) ? p : new_slow(size);
}

static void *new_array(size_t size)
{
  return gilloc_cxx_new(size);
}

REPLACEABLE_AS(new_block) void *gilloc_cxx_new(size_t size);
REPLACEABLE_AS(new_array) void *gilloc_cxx_new_array(size_t size);

REPLACEABLE void *gilloc_cxx_new_aligned(size_t size, size_t alignment)
{
  void *p = gilloc_aligned_alloc(alignment, size);
  return GILLOC_LIKELY(p) ? p : new_aligned_slow(size, alignment);
}

REPLACEABLE void *gilloc_cxx_new_array_aligned(size_t size, size_t alignment)
{
  return gilloc_cxx_new_aligned(size, alignment);
}

/* ---- operator delete ---- */

static void delete_block(void *p)
{
  gilloc_free(p);
}

static void delete_array(void *p)
{
  gilloc_cxx_delete(p);
}

static void delete_aligned(void *p, size_t alignment)
{
  (void)alignment;
  gilloc_free(p);
}

static void delete_array_aligned(void *p, size_t alignment)
{
  gilloc_cxx_delete_aligned(p, alignment);
}

REPLACEABLE_AS(delete_block) void gilloc_cxx_delete(void *p);
REPLACEABLE_AS(delete_array) void gilloc_cxx_delete_array(void *p);
REPLACEABLE_AS(delete_aligned) void gilloc_cxx_delete_aligned(void *p, size_t alignment);
REPLACEABLE_AS(delete_array_aligned) void gilloc_cxx_delete_array_aligned(void *p, size_t alignment);

/* A program's own operator new may take more than it is asked for: then the size tells nothing. */
static GILLOC_ALWAYS_INLINE void delete_sized(void *p, size_t size)
{
  if (GILLOC_LIKELY(gilloc_cxx_delete == delete_block && gilloc_cxx_new == new_block))
    gilloc_free_sized(p, size);
  else
    gilloc_cxx_delete(p);
}

static GILLOC_ALWAYS_INLINE void delete_sized_aligned(void *p, size_t size, size_t alignment)
{
  if (GILLOC_LIKELY(gilloc_cxx_delete_aligned == delete_aligned))
    gilloc_free_aligned_sized(p, alignment, size);
  else
    gilloc_cxx_delete_aligned(p, alignment);
}

REPLACEABLE void gilloc_cxx_delete_sized(void *p, size_t size)
{
  delete_sized(p, size);
}

REPLACEABLE void gilloc_cxx_delete_array_sized(void *p, size_t size)
{
  if (GILLOC_LIKELY(gilloc_cxx_delete_array == delete_array && gilloc_cxx_new_array == new_array))
    delete_sized(p, size);
  else
    gilloc_cxx_delete_array(p);
}

REPLACEABLE void gilloc_cxx_delete_sized_aligned(void *p, size_t size, size_t alignment)
{
  delete_sized_aligned(p, size, alignment);
}

REPLACEABLE void gilloc_cxx_delete_array_sized_aligned(void *p, size_t size, size_t alignment)
{
  if (GILLOC_LIKELY(gilloc_cxx_delete_array_aligned == delete_array_aligned))
    delete_sized_aligned(p, size, alignment);
  else
    gilloc_cxx_delete_array_aligned(p, alignment);
}
