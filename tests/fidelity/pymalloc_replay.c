/* SPDX-License-Identifier: MIT
 *
 * pymalloc_replay.c: the real pymalloc of libpython3.11 under a trace in the text form with ids counted from
 * 0: prints what `gilloc replay --addresses --stats` prints. No interpreter is started: the allocator's state
 * is static there. Arenas come from one region, the lowest free slot first.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ARENA = 1048576, SLOTS = 4096 };

/* Exported by libpython, declared in no public header. */
int _PyObject_DebugMallocStats(FILE *out);

static char *region;
static bool taken[SLOTS];
static void **blocks;
static size_t capacity;

static void *take_arena(void *context, size_t bytes)
{
  (void)context;
  size_t slot = 0;
  while (slot < SLOTS && taken[slot])
    slot++;
  if (slot == SLOTS)
    return NULL;
  taken[slot] = true;
  printf("A +%zu %zu\n", slot * ARENA, bytes);
  return region + slot * ARENA;
}

static void put_arena(void *context, void *start, size_t bytes)
{
  (void)context;
  size_t offset = (size_t)((char *)start - region);
  taken[offset / ARENA] = false;
  printf("a +%zu %zu\n", offset, bytes);
}

static bool reserve_region(void)
{
  size_t bytes = (size_t)(SLOTS + 1) * ARENA;
  char *mapped =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED)
    return false;
  region = mapped + (ARENA - (uintptr_t)mapped % ARENA) % ARENA;
  return true;
}

static void **place_of(uint64_t id)
{
  if (id >= capacity) {
    size_t larger = (size_t)id * 2 + 1024;
    blocks = realloc(blocks, larger * sizeof *blocks);
    if (!blocks)
      abort();
    memset(blocks + capacity, 0, (larger - capacity) * sizeof *blocks);
    capacity = larger;
  }
  return &blocks[id];
}

static void carry_out(const char *line)
{
  uint64_t numbers[3] = {0, 0, 0};
  (void)sscanf(line + 1, "%" SCNu64 " %" SCNu64 " %" SCNu64, &numbers[0], &numbers[1], &numbers[2]);
  if (!strchr("mcrf", line[0]))
    return;
  void **place = place_of(numbers[0]);
  if (line[0] == 'f') {
    PyObject_Free(*place);
    return;
  }
  if (line[0] == 'm')
    *place = PyObject_Malloc(numbers[1]);
  else if (line[0] == 'c')
    *place = PyObject_Calloc(numbers[1], numbers[2]);
  else
    *place = PyObject_Realloc(*place, numbers[1]);
  uintptr_t offset = (uintptr_t)*place - (uintptr_t)region;
  if (offset < (uintptr_t)SLOTS * ARENA)
    printf("%" PRIu64 " +%zu\n", numbers[0], (size_t)offset);
  else
    printf("%" PRIu64 " raw\n", numbers[0]);
}

int main(int argc, char **argv)
{
  char line[128];
  FILE *trace = argc == 2 ? fopen(argv[1], "re") : NULL;
  PyObjectArenaAllocator arenas = {NULL, take_arena, put_arena};
  if (!trace || !reserve_region())
    return 2;
  PyObject_SetArenaAllocator(&arenas);
  if (!fgets(line, sizeof line, trace) || strcmp(line, "gilloc-trace 1\n") != 0)
    return 2;
  while (fgets(line, sizeof line, trace))
    carry_out(line);
  (void)_PyObject_DebugMallocStats(stdout);
  return 0;
}
