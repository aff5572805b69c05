/* SPDX-License-Identifier: MIT
 *
 * pymalloc.h: the real pymalloc of CPython 3.11, out of libpython and without an interpreter: before
 * initialisation its object domain works, from static state, so a process has one, untouched until its first
 * use. The two structs are CPython's PyMemAllocatorEx and PyObjectArenaAllocator.
 */
#ifndef GILLOC_TESTS_PYMALLOC_H
#define GILLOC_TESTS_PYMALLOC_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { PYMALLOC_RAW_DOMAIN = 0 };

struct pymalloc_domain {
  void *context;
  void *(*malloc)(void *context, size_t size);
  void *(*calloc)(void *context, size_t count, size_t size);
  void *(*realloc)(void *context, void *p, size_t size);
  void (*free)(void *context, void *p);
};

struct pymalloc_arenas {
  void *context;
  void *(*map)(void *context, size_t bytes);
  void (*unmap)(void *context, void *start, size_t bytes);
};

struct pymalloc {
  void *(*malloc)(size_t size);
  void *(*calloc)(size_t count, size_t size);
  void *(*realloc)(void *p, size_t size);
  void (*free)(void *p);
  void (*set_arenas)(struct pymalloc_arenas *arenas);
  void (*set_domain)(int domain, struct pymalloc_domain *functions);
  int (*print_stats)(FILE *stream);
};

/* Loads the library; where it is missing or is not what it should be, says so and returns false. */
static inline bool pymalloc_load(struct pymalloc *self)
{
  static const char *const names[] = {"PyObject_Malloc",
                                      "PyObject_Calloc",
                                      "PyObject_Realloc",
                                      "PyObject_Free",
                                      "PyObject_SetArenaAllocator",
                                      "PyMem_SetAllocator",
                                      "_PyObject_DebugMallocStats"};
  void *library = dlopen("libpython3.11.so.1.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    printf("the real pymalloc is not here (%s): install Debian's package libpython3.11\n", dlerror());
    return false;
  }
  _Static_assert(sizeof *self == sizeof names / sizeof names[0] * sizeof(void *),
                 "a member a name, in order");
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    void *symbol = dlsym(library, names[i]);
    if (!symbol) {
      printf("libpython3.11.so.1.0 has no %s\n", names[i]);
      return false;
    }
    memcpy((char *)self + i * sizeof symbol, &symbol, sizeof symbol);
  }
  return true;
}

#endif
