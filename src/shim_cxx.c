/* SPDX-License-Identifier: MIT
 *
 * shim_cxx.c: the operators on gilloc/gilloc.h. By the standard most of them are defined by another (new[] by
 * new, delete(p, size) by delete(p) ...), which a program may replace alone. A program that does is found
 * when the library starts, and then every operator here goes to the one that defines it. Otherwise all of
 * them allocate and free at once, and only want of memory needs the C++ library: its new-handler, its
 * bad_alloc, and its own nothrow operators, which know how to catch. All state is written by the constructor
 * and never again.
 */
#include "shim_cxx.h"

#include "base.h"
#include "panic.h"

#include <gilloc/gilloc.h>

#include <dlfcn.h>

typedef void new_handler(void);

/* std::get_new_handler and std::__throw_bad_alloc, where a C++ library is linked. */
extern new_handler *get_new_handler(void) __asm__("_ZSt15get_new_handlerv") __attribute__((weak));
extern void throw_bad_alloc(void) __asm__("_ZSt17__throw_bad_allocv") __attribute__((weak));

/* dlsym answers with an object's address, POSIX lets it be a function's. */
union symbol {
  void *address;
  void *(*new)(size_t size);
  void *(*new_aligned)(size_t size, size_t alignment);
  void *(*new_nothrow)(size_t size, const void *tag);
  void *(*new_aligned_nothrow)(size_t size, size_t alignment, const void *tag);
  void (*delete)(void *p);
  void (*delete_aligned)(void *p, size_t alignment);
  new_handler *(*get_new_handler)(void);
  void (*throw_bad_alloc)(void);
};

enum form {
  NEW,
  NEW_ARRAY,
  NEW_ALIGNED,
  NEW_ARRAY_ALIGNED,
  DELETE,
  DELETE_ARRAY,
  DELETE_ALIGNED,
  DELETE_ARRAY_ALIGNED,
  FORMS
};

/* The operators by which others are defined, each behind the one that defines itself. */
static const struct {
  const char *name;
  union symbol ours;
  enum form by; /* what it is defined by; itself where that is none: then `replaced` is still NULL */
} forms[FORMS] = {
    [NEW] = {"_Znwm", {.new = gilloc_cxx_new}, NEW},
    [NEW_ARRAY] = {"_Znam", {.new = gilloc_cxx_new_array}, NEW},
    [NEW_ALIGNED] = {"_ZnwmSt11align_val_t", {.new_aligned = gilloc_cxx_new_aligned}, NEW_ALIGNED},
    [NEW_ARRAY_ALIGNED] = {"_ZnamSt11align_val_t",
                           {.new_aligned = gilloc_cxx_new_array_aligned},
                           NEW_ALIGNED},
    [DELETE] = {"_ZdlPv", {.delete = gilloc_cxx_delete}, DELETE},
    [DELETE_ARRAY] = {"_ZdaPv", {.delete = gilloc_cxx_delete_array}, DELETE},
    [DELETE_ALIGNED] = {"_ZdlPvSt11align_val_t",
                        {.delete_aligned = gilloc_cxx_delete_aligned},
                        DELETE_ALIGNED},
    [DELETE_ARRAY_ALIGNED] = {"_ZdaPvSt11align_val_t",
                              {.delete_aligned = gilloc_cxx_delete_array_aligned},
                              DELETE_ALIGNED},
};

/* Where the program has replaced an operator, or one that defines it: who answers to it. NULL otherwise. */
static union symbol replaced[FORMS];

/* Where the program has an operator new of its own and leaves delete to us, its blocks come from malloc, but
 * may be larger than what was asked of it: the size that a sized delete gets tells nothing. */
static void own_size_is_unknown(enum form new, enum form delete)
{
  if (replaced[new].address && !replaced[delete].address)
    replaced[delete].delete = gilloc_free;
}

__attribute__((constructor(103))) static void find_replacements(void)
{
  if (!get_new_handler)
    return;
  for (unsigned i = 0; i < FORMS; i++) {
    union symbol found = {.address = dlsym(RTLD_DEFAULT, forms[i].name)};
    replaced[i] = found.address == forms[i].ours.address ? replaced[forms[i].by] : found;
  }
  own_size_is_unknown(NEW, DELETE);
  own_size_is_unknown(NEW_ARRAY, DELETE_ARRAY);
}

/* ---- want of memory ---- */

/* A symbol of the C++ library: the next one after ours, or that of a library which a C program has opened,
 * and which no global look-up finds. */
static union symbol cxx_symbol(const char *name)
{
  static const char *const libraries[] = {"libstdc++.so.6", "libc++abi.so.1", "libc++.so.1"};
  union symbol found = {.address = dlsym(RTLD_NEXT, name)};
  for (unsigned i = 0; !found.address && i < sizeof libraries / sizeof *libraries; i++) {
    void *library = dlopen(libraries[i], RTLD_LAZY | RTLD_NOLOAD);
    if (library) {
      found.address = dlsym(library, name);
      dlclose(library);
    }
  }
  return found;
}

/* Calls the new-handler, which may make room or throw; without one, throws std::bad_alloc. */
static GILLOC_COLD void handle_want_of_memory(size_t size)
{
  union symbol get = {.get_new_handler = get_new_handler};
  union symbol throw = {.throw_bad_alloc = throw_bad_alloc};
  if (!get.address)
    get = cxx_symbol("_ZSt15get_new_handlerv");
  new_handler *handler = get.address ? get.get_new_handler() : NULL;
  if (handler) {
    handler();
    return;
  }
  if (!throw.address)
    throw = cxx_symbol("_ZSt17__throw_bad_allocv");
  if (throw.address)
    throw.throw_bad_alloc();
  gilloc_panic("operator new of %zu bytes: out of memory, and no C++ library to throw std::bad_alloc", size);
}

static GILLOC_COLD void *new_slow(size_t size)
{
  void *p;
  do {
    handle_want_of_memory(size);
    p = gilloc_malloc(size);
  } while (!p);
  return p;
}

static GILLOC_COLD void *new_aligned_slow(size_t size, size_t alignment)
{
  void *p;
  do {
    handle_want_of_memory(size);
    p = gilloc_aligned_alloc(alignment, size);
  } while (!p);
  return p;
}

/* The C++ library's call operator new (by `name`, ours are not asked) and catch; without one there is neither
 * handler nor exception. */
static GILLOC_COLD void *new_nothrow_slow(const char *name, size_t size, const void *tag)
{
  union symbol next = cxx_symbol(name);
  return next.address ? next.new_nothrow(size, tag) : NULL;
}

static GILLOC_COLD void *new_aligned_nothrow_slow(const char *name, size_t size, size_t alignment,
                                                  const void *tag)
{
  union symbol next = cxx_symbol(name);
  return next.address ? next.new_aligned_nothrow(size, alignment, tag) : NULL;
}

/* ---- operator new ---- */

GILLOC_PUBLIC void *gilloc_cxx_new(size_t size)
{
  void *p = gilloc_malloc(size);
  return GILLOC_LIKELY(p) ? p : new_slow(size);
}

GILLOC_PUBLIC void *gilloc_cxx_new_array(size_t size)
{
  if (GILLOC_UNLIKELY(replaced[NEW_ARRAY].new))
    return replaced[NEW_ARRAY].new(size);
  return gilloc_cxx_new(size);
}

GILLOC_PUBLIC void *gilloc_cxx_new_nothrow(size_t size, const void *tag)
{
  void *p = GILLOC_UNLIKELY(replaced[NEW].address) ? NULL : gilloc_malloc(size);
  return GILLOC_LIKELY(p) ? p : new_nothrow_slow("_ZnwmRKSt9nothrow_t", size, tag);
}

GILLOC_PUBLIC void *gilloc_cxx_new_array_nothrow(size_t size, const void *tag)
{
  void *p = GILLOC_UNLIKELY(replaced[NEW_ARRAY].address) ? NULL : gilloc_malloc(size);
  return GILLOC_LIKELY(p) ? p : new_nothrow_slow("_ZnamRKSt9nothrow_t", size, tag);
}

GILLOC_PUBLIC void *gilloc_cxx_new_aligned(size_t size, size_t alignment)
{
  void *p = gilloc_aligned_alloc(alignment, size);
  return GILLOC_LIKELY(p) ? p : new_aligned_slow(size, alignment);
}

GILLOC_PUBLIC void *gilloc_cxx_new_array_aligned(size_t size, size_t alignment)
{
  if (GILLOC_UNLIKELY(replaced[NEW_ARRAY_ALIGNED].new_aligned))
    return replaced[NEW_ARRAY_ALIGNED].new_aligned(size, alignment);
  return gilloc_cxx_new_aligned(size, alignment);
}

GILLOC_PUBLIC void *gilloc_cxx_new_aligned_nothrow(size_t size, size_t alignment, const void *tag)
{
  void *p = GILLOC_UNLIKELY(replaced[NEW_ALIGNED].address) ? NULL : gilloc_aligned_alloc(alignment, size);
  if (GILLOC_LIKELY(p))
    return p;
  return new_aligned_nothrow_slow("_ZnwmSt11align_val_tRKSt9nothrow_t", size, alignment, tag);
}

GILLOC_PUBLIC void *gilloc_cxx_new_array_aligned_nothrow(size_t size, size_t alignment, const void *tag)
{
  bool is_replaced = replaced[NEW_ARRAY_ALIGNED].address;
  void *p = GILLOC_UNLIKELY(is_replaced) ? NULL : gilloc_aligned_alloc(alignment, size);
  if (GILLOC_LIKELY(p))
    return p;
  return new_aligned_nothrow_slow("_ZnamSt11align_val_tRKSt9nothrow_t", size, alignment, tag);
}

/* ---- operator delete ---- */

/* As `which`, plain or array, that takes the pointer alone. */
static GILLOC_ALWAYS_INLINE void delete_as(enum form which, void *p)
{
  if (GILLOC_UNLIKELY(replaced[which].delete))
    replaced[which].delete(p);
  else
    gilloc_free(p);
}

static GILLOC_ALWAYS_INLINE void delete_sized_as(enum form which, void *p, size_t size)
{
  if (GILLOC_UNLIKELY(replaced[which].delete))
    replaced[which].delete(p);
  else
    gilloc_free_sized(p, size);
}

static GILLOC_ALWAYS_INLINE void delete_aligned_as(enum form which, void *p, size_t alignment)
{
  if (GILLOC_UNLIKELY(replaced[which].delete_aligned))
    replaced[which].delete_aligned(p, alignment);
  else
    gilloc_free(p);
}

GILLOC_PUBLIC void gilloc_cxx_delete(void *p)
{
  gilloc_free(p);
}

GILLOC_PUBLIC void gilloc_cxx_delete_array(void *p)
{
  delete_as(DELETE_ARRAY, p);
}

GILLOC_PUBLIC void gilloc_cxx_delete_nothrow(void *p, const void *tag)
{
  (void)tag;
  delete_as(DELETE, p);
}

GILLOC_PUBLIC void gilloc_cxx_delete_array_nothrow(void *p, const void *tag)
{
  (void)tag;
  delete_as(DELETE_ARRAY, p);
}

GILLOC_PUBLIC void gilloc_cxx_delete_sized(void *p, size_t size)
{
  delete_sized_as(DELETE, p, size);
}

GILLOC_PUBLIC void gilloc_cxx_delete_array_sized(void *p, size_t size)
{
  delete_sized_as(DELETE_ARRAY, p, size);
}

GILLOC_PUBLIC void gilloc_cxx_delete_aligned(void *p, size_t alignment)
{
  (void)alignment;
  gilloc_free(p);
}

GILLOC_PUBLIC void gilloc_cxx_delete_array_aligned(void *p, size_t alignment)
{
  delete_aligned_as(DELETE_ARRAY_ALIGNED, p, alignment);
}

GILLOC_PUBLIC void gilloc_cxx_delete_aligned_nothrow(void *p, size_t alignment, const void *tag)
{
  (void)tag;
  delete_aligned_as(DELETE_ALIGNED, p, alignment);
}

GILLOC_PUBLIC void gilloc_cxx_delete_array_aligned_nothrow(void *p, size_t alignment, const void *tag)
{
  (void)tag;
  delete_aligned_as(DELETE_ARRAY_ALIGNED, p, alignment);
}

GILLOC_PUBLIC void gilloc_cxx_delete_sized_aligned(void *p, size_t size, size_t alignment)
{
  if (GILLOC_UNLIKELY(replaced[DELETE_ALIGNED].delete_aligned))
    replaced[DELETE_ALIGNED].delete_aligned(p, alignment);
  else
    gilloc_free_aligned_sized(p, alignment, size);
}

GILLOC_PUBLIC void gilloc_cxx_delete_array_sized_aligned(void *p, size_t size, size_t alignment)
{
  if (GILLOC_UNLIKELY(replaced[DELETE_ARRAY_ALIGNED].delete_aligned))
    replaced[DELETE_ARRAY_ALIGNED].delete_aligned(p, alignment);
  else
    gilloc_free_aligned_sized(p, alignment, size);
}
