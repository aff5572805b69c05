/* SPDX-License-Identifier: MIT
 *
 * hits.c: for each size class, warm calls of malloc and the others, each kind counted by callgrind
 * in a dump of its own that is named "<operation> <bytes>". counts.py starts it and reads the
 * dumps. Nothing but the calls stands where callgrind counts; what this file itself costs is left out by its
 * names.
 */
#include <gilloc/stats.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <valgrind/callgrind.h>

void free_sized(void *p, size_t size);

enum { BURST = 4, ROUNDS = 8, WARM_ROUNDS = 40, WARM_BURST = 8 };

static void *volatile blocks[WARM_BURST];

static void hits_take(size_t size, unsigned count)
{
  for (unsigned i = 0; i < count; i++)
    blocks[i] = malloc(size);
}

static void hits_put(unsigned count)
{
  for (unsigned i = 0; i < count; i++)
    free(blocks[i]);
}

static void hits_count_malloc(size_t size)
{
  CALLGRIND_TOGGLE_COLLECT;
  hits_take(size, BURST);
  CALLGRIND_TOGGLE_COLLECT;
  hits_put(BURST);
}

static void hits_count_free(size_t size)
{
  hits_take(size, BURST);
  CALLGRIND_TOGGLE_COLLECT;
  hits_put(BURST);
  CALLGRIND_TOGGLE_COLLECT;
}

static void hits_count_free_sized(size_t size)
{
  hits_take(size, BURST);
  CALLGRIND_TOGGLE_COLLECT;
  for (unsigned i = 0; i < BURST; i++)
    free_sized(blocks[i], size);
  CALLGRIND_TOGGLE_COLLECT;
}

static void hits_count_calloc(size_t size)
{
  CALLGRIND_TOGGLE_COLLECT;
  for (unsigned i = 0; i < BURST; i++)
    blocks[i] = calloc(1, size);
  CALLGRIND_TOGGLE_COLLECT;
  hits_put(BURST);
}

/* In place: the size is what it was. */
static void hits_count_realloc(size_t size)
{
  hits_take(size, BURST);
  CALLGRIND_TOGGLE_COLLECT;
  for (unsigned i = 0; i < BURST; i++)
    blocks[i] = realloc(blocks[i], size);
  CALLGRIND_TOGGLE_COLLECT;
  hits_put(BURST);
}

static void hits_count_usable_size(size_t size)
{
  size_t bytes = 0;
  hits_take(size, BURST);
  CALLGRIND_TOGGLE_COLLECT;
  for (unsigned i = 0; i < BURST; i++)
    bytes += malloc_usable_size(blocks[i]);
  CALLGRIND_TOGGLE_COLLECT;
  hits_put(BURST);
  if (bytes != BURST * size)
    abort();
}

static const struct {
  const char *name;
  void (*count)(size_t size);
} operations[] = {
    {"malloc", hits_count_malloc}, {"free", hits_count_free},       {"free_sized", hits_count_free_sized},
    {"calloc", hits_count_calloc}, {"realloc", hits_count_realloc}, {"usable_size", hits_count_usable_size},
};

static void hits_of_class(size_t size)
{
  for (unsigned i = 0; i < WARM_ROUNDS; i++) {
    hits_take(size, WARM_BURST);
    hits_put(WARM_BURST);
  }
  for (unsigned i = 0; i < sizeof operations / sizeof *operations; i++) {
    char name[64];
    operations[i].count(size);
    snprintf(name, sizeof name, "%s %zu", operations[i].name, size);
    CALLGRIND_ZERO_STATS;
    for (unsigned round = 0; round < ROUNDS; round++)
      operations[i].count(size);
    CALLGRIND_DUMP_STATS_AT(name);
  }
}

int main(void)
{
  struct gilloc_heap_stats stats;
  printf("calls %d\n", BURST * ROUNDS);
  fflush(stdout);
  gilloc_heap_stats_read(&stats);
  for (size_t i = 0; i < stats.class_count; i++)
    hits_of_class(stats.classes[i].block_bytes);
  return 0;
}
