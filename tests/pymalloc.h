/* SPDX-License-Identifier: MIT
 *
 * pymalloc.h: the real pymalloc of CPython 3.5 to 3.11, out of libpython and without an interpreter: before
 * initialisation its object domain works, from static state, so a process has one, untouched until its first
 * use. The two structs are CPython's PyMemAllocatorEx and PyObjectArenaAllocator.
 */
#ifndef GILLOC_TESTS_PYMALLOC_H
#define GILLOC_TESTS_PYMALLOC_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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

/* What tells the versions apart. */
struct pymalloc_shape {
  size_t alignment;
  size_t pool_bytes;
  size_t arena_bytes;
  bool keeps_last; /* the last usable arena stays though empty */
};

/* Loads the library in a file; where it is missing or is not what it should be, returns false, with a line
 * for each reason but the first. */
static inline bool pymalloc_load_file(struct pymalloc *self, const char *file)
{
  static const char *const names[] = {"PyObject_Malloc",
                                      "PyObject_Calloc",
                                      "PyObject_Realloc",
                                      "PyObject_Free",
                                      "PyObject_SetArenaAllocator",
                                      "PyMem_SetAllocator",
                                      "_PyObject_DebugMallocStats"};
  void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return false;
  _Static_assert(sizeof *self == sizeof names / sizeof names[0] * sizeof(void *),
                 "a member a name, in order");
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    void *symbol = dlsym(library, names[i]);
    if (!symbol) {
      printf("%s has no %s\n", file, names[i]);
      return false;
    }
    memcpy((char *)self + i * sizeof symbol, &symbol, sizeof symbol);
  }
  return true;
}

/* Debian's; where it is missing or is not what it should be, says so and returns false. */
static inline bool pymalloc_load(struct pymalloc *self)
{
  if (pymalloc_load_file(self, "libpython3.11.so.1.0"))
    return true;
  printf("the real pymalloc is not here: install Debian's package libpython3.11\n");
  return false;
}

struct pymalloc_probe {
  struct pymalloc_shape shape;
  bool gave_back;
};

static void *pymalloc_probe_map(void *context, size_t bytes)
{
  struct pymalloc_probe *probe = context;
  probe->shape.arena_bytes = bytes;
  return aligned_alloc(bytes, bytes);
}

static void pymalloc_probe_unmap(void *context, void *start, size_t bytes)
{
  struct pymalloc_probe *probe = context;
  (void)start, (void)bytes;
  probe->gave_back = true;
}

/* Finds the shape by use, which spoils the allocator: for a process that ends afterwards. Blocks of 1 and of
 * 9 bytes lie beside each other where they are of one class; blocks of two classes lie in pools side by side.
 */
static inline struct pymalloc_shape pymalloc_shape(const struct pymalloc *self)
{
  struct pymalloc_probe probe = {0};
  struct pymalloc_arenas arenas = {&probe, pymalloc_probe_map, pymalloc_probe_unmap};
  self->set_arenas(&arenas);
  char *one = self->malloc(1), *nine = self->malloc(9);
  char *large = self->malloc(500), *larger = self->malloc(300);
  probe.shape.alignment = nine - one == 16 ? 16 : 8;
  probe.shape.pool_bytes = (size_t)(larger - large);
  self->free(one);
  self->free(nine);
  self->free(large);
  self->free(larger);
  probe.shape.keeps_last = !probe.gave_back;
  return probe.shape;
}

#endif
