/* SPDX-License-Identifier: MIT
 *
 * differential.h: the two sides of test_differential.c: the real pymalloc and ours, the regions their arenas
 * come from, what each did in the last operation, and the comparison of it.
 */
#ifndef GILLOC_TESTS_DIFFERENTIAL_H
#define GILLOC_TESTS_DIFFERENTIAL_H

#include "arena.h"
#include "fixture.h"
#include "pymalloc.h"
#include "raw.h"
#include "region.h"

#include <gilloc/gilloc.h>
#include <gilloc/stats.h>

#include <inttypes.h>

enum { SIZE_MAX_TRACED = 600, EVENTS_MAX = 16, PLACE_RAW = -1, PLACE_NULL = -2 };

enum event_kind { EVENT_MAP, EVENT_REFUSE, EVENT_UNMAP, EVENT_RAW_TAKE, EVENT_RAW_RESIZE, EVENT_RAW_PUT };

static const char *const event_names[] = {"arena taken",    "arena refused", "arena returned",
                                          "raw allocation", "raw realloc",   "raw free"};

struct event {
  enum event_kind kind;
  ptrdiff_t offset; /* of the arena */
  size_t bytes;
};

/* One of the two allocators. */
struct side {
  const char *name;
  void *(*malloc)(size_t size);
  void *(*calloc)(size_t count, size_t size);
  void *(*realloc)(void *p, size_t size);
  void (*free)(void *p);
  struct region region;
  ptrdiff_t place; /* of the last operation's block */
  unsigned event_count;
  struct event events[EVENTS_MAX]; /* of the last operation */
};

struct scenario {
  const char *name;
  size_t misalignment; /* of every arena, bytes */
  size_t slots;        /* arenas that are to be had */
};

/* The last operation, for the report of a difference. */
struct request {
  const char *name;
  size_t size;
  size_t old_size;     /* realloc and free: of the block */
  ptrdiff_t old_place; /* and where it was; PLACE_NULL: no block */
};

/* A real pymalloc that is to be had. */
struct library {
  char file[256];
  bool differs_in_last;     /* it lets the last empty arena go, and ours does not */
  bool compares_statistics; /* our text is its text */
};

enum { REAL, OURS, LIBRARIES_MAX = 16 };

static struct library libraries[LIBRARIES_MAX];
static unsigned library_count;
static const struct library *library; /* of this process */

static struct pymalloc real;
static struct side sides[2] = {{.name = "CPython"}, {.name = "gilloc"}};
static uint64_t seed;
static const struct scenario *scenario;
static uint64_t operations_wanted = 2000000;
static uint64_t operation;
static struct request request;
static uint64_t event_totals[sizeof event_names / sizeof event_names[0]];

/* ---- the real one ---- */

/* Tries a library out in a process of its own. False where it is not here. */
static bool probe_shape(const char *file, struct pymalloc_shape *shape)
{
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0)
    return false;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    struct pymalloc tried;
    if (!pymalloc_load_file(&tried, file))
      _exit(1);
    struct pymalloc_shape found = pymalloc_shape(&tried);
    _exit(write(pipe_ends[1], &found, sizeof found) != sizeof found);
  }
  close(pipe_ends[1]);
  bool is_here = read(pipe_ends[0], shape, sizeof *shape) == sizeof *shape;
  close(pipe_ends[0]);
  return wait_for_child(child) == 0 && is_here;
}

static void try_library(const char *file)
{
  struct pymalloc_shape shape;
  if (library_count == LIBRARIES_MAX || !probe_shape(file, &shape))
    return;
  bool fits = shape.alignment == GILLOC_ALIGNMENT && shape.pool_bytes == GILLOC_POOL_SIZE &&
              shape.arena_bytes == GILLOC_ARENA_SIZE && (GILLOC_ARENA_KEEPS_LAST || !shape.keeps_last);
  printf("%s: blocks at multiples of %zu, pools of %zu, arenas of %zu bytes, the last empty one %s: %s\n",
         file, shape.alignment, shape.pool_bytes, shape.arena_bytes, shape.keeps_last ? "kept" : "let go",
         fits ? "of our geometry" : "not of our geometry");
  if (!fits)
    return;
  struct library *found = &libraries[library_count++];
  snprintf(found->file, sizeof found->file, "%s", file);
  found->differs_in_last = !shape.keeps_last && GILLOC_ARENA_KEEPS_LAST;
  found->compares_statistics = !found->differs_in_last && !strstr(file, "python3.10");
}

static inline void find_libraries(void)
{
  static const char *const files[] = {"libpython3.5m.so.1.0", "libpython3.6m.so.1.0", "libpython3.7m.so.1.0",
                                      "libpython3.8.so.1.0",  "libpython3.9.so.1.0",  "libpython3.10.so.1.0",
                                      "libpython3.11.so.1.0"};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
    try_library(files[i]);
  const char *named = getenv("GILLOC_LIBPYTHON");
  char *copy = strdup(named ? named : "");
  char *rest = copy;
  for (char *file; copy && (file = strsep(&rest, ":"));)
    if (*file)
      try_library(file);
  free(copy);
  if (library_count == 0)
    printf("no libpython of this geometry is here: 3.10 and 3.11 are of py311, 3.9 is of py39, 3.6.9 to 3.8 "
           "are but for its last empty arena, earlier ones are of classic; Debian 12 has libpython3.11\n");
}

/* ---- the two allocators' surroundings ---- */

static void note(struct side *side, enum event_kind kind, ptrdiff_t offset, size_t bytes)
{
  if (side->event_count < EVENTS_MAX)
    side->events[side->event_count++] = (struct event){kind, offset, bytes};
}

static void *map_slot(void *context, size_t bytes)
{
  struct side *side = context;
  char *slot = region_take(&side->region);
  note(side, slot ? EVENT_MAP : EVENT_REFUSE, slot ? slot - side->region.start : 0, bytes);
  return slot;
}

static void unmap_slot(void *context, void *start, size_t bytes)
{
  struct side *side = context;
  note(side, EVENT_UNMAP, (char *)start - side->region.start, bytes);
  COUNT_UNLESS(region_put(&side->region, start));
}

/* CPython takes the table of its arenas and the nodes of its map from the raw domain too: all of them are
 * larger than any request of the trace, and not noted. */
static void note_raw(enum event_kind kind, size_t bytes)
{
  if (bytes <= SIZE_MAX_TRACED)
    note(&sides[REAL], kind, 0, bytes);
}

static void *real_raw_malloc(void *context, size_t size)
{
  (void)context;
  note_raw(EVENT_RAW_TAKE, size);
  return malloc(size ? size : 1);
}

static void *real_raw_calloc(void *context, size_t count, size_t size)
{
  (void)context;
  note_raw(EVENT_RAW_TAKE, count * size);
  return count > 0 && size > 0 ? calloc(count, size) : calloc(1, 1);
}

static void *real_raw_realloc(void *context, void *p, size_t size)
{
  (void)context;
  note_raw(EVENT_RAW_RESIZE, size);
  return realloc(p, size ? size : 1);
}

static void real_raw_free(void *context, void *p)
{
  (void)context;
  note_raw(EVENT_RAW_PUT, 0);
  free(p);
}

void *__real_gilloc_raw_malloc(size_t size);
void *__real_gilloc_raw_calloc(size_t count, size_t size);
void *__real_gilloc_raw_realloc(void *p, size_t size);
void __real_gilloc_raw_free(void *p);
void *__wrap_gilloc_raw_malloc(size_t size);
void *__wrap_gilloc_raw_calloc(size_t count, size_t size);
void *__wrap_gilloc_raw_realloc(void *p, size_t size);
void __wrap_gilloc_raw_free(void *p);

void *__wrap_gilloc_raw_malloc(size_t size)
{
  note(&sides[OURS], EVENT_RAW_TAKE, 0, size);
  return __real_gilloc_raw_malloc(size);
}

void *__wrap_gilloc_raw_calloc(size_t count, size_t size)
{
  note(&sides[OURS], EVENT_RAW_TAKE, 0, count * size);
  return __real_gilloc_raw_calloc(count, size);
}

void *__wrap_gilloc_raw_realloc(void *p, size_t size)
{
  note(&sides[OURS], EVENT_RAW_RESIZE, 0, size);
  return __real_gilloc_raw_realloc(p, size);
}

void __wrap_gilloc_raw_free(void *p)
{
  note(&sides[OURS], EVENT_RAW_PUT, 0, 0);
  __real_gilloc_raw_free(p);
}

/* With the arenas from `before` bytes below a boundary of the map's bottom nodes on. */
static inline bool set_sides_up(size_t before)
{
  struct pymalloc_arenas arenas = {&sides[REAL], map_slot, unmap_slot};
  struct pymalloc_domain raw = {NULL, real_raw_malloc, real_raw_calloc, real_raw_realloc, real_raw_free};
  struct gilloc_arena_provider provider = {map_slot, unmap_slot, &sides[OURS]};
  real.set_arenas(&arenas);
  real.set_domain(PYMALLOC_RAW_DOMAIN, &raw);
  sides[REAL].malloc = real.malloc;
  sides[REAL].calloc = real.calloc;
  sides[REAL].realloc = real.realloc;
  sides[REAL].free = real.free;
  sides[OURS].malloc = gilloc_malloc;
  sides[OURS].calloc = gilloc_calloc;
  sides[OURS].realloc = gilloc_realloc;
  sides[OURS].free = gilloc_free;
  return region_init(&sides[REAL].region, scenario->slots, before) &&
         region_init(&sides[OURS].region, scenario->slots, before) && gilloc_arena_set_provider(&provider);
}

/* ---- comparing ---- */

static void print_side(const struct side *side)
{
  char place[32] = "in the raw domain";
  if (side->place != PLACE_RAW)
    snprintf(place, sizeof place, side->place == PLACE_NULL ? "no block" : "block at +%#tx", side->place);
  printf("  %-8s %s\n", side->name, place);
  for (unsigned i = 0; i < side->event_count; i++)
    printf("           %s, at +%#tx, %zu bytes\n", event_names[side->events[i].kind], side->events[i].offset,
           side->events[i].bytes);
}

static void print_request(void)
{
  printf("  %s", request.name);
  if (request.old_place != PLACE_NULL)
    printf(" of %zu bytes at %s%#tx", request.old_size, request.old_place == PLACE_RAW ? "raw " : "+",
           request.old_place == PLACE_RAW ? 0 : request.old_place);
  printf(", new size %zu\n", request.size);
}

static inline _Noreturn void differ(const char *what)
{
  printf("%s: operation %" PRIu64 ": %s; run again with the arguments %" PRIu64 " --operations %" PRIu64 "\n",
         scenario->name, operation, what, seed, operations_wanted);
  print_request();
  print_side(&sides[REAL]);
  print_side(&sides[OURS]);
  fflush(stdout);
  _exit(1);
}

static ptrdiff_t place_of(const struct side *side, const char *block)
{
  if (!block)
    return PLACE_NULL;
  return region_has(&side->region, block) ? block - side->region.start : PLACE_RAW;
}

static inline void begin_operation(struct request next)
{
  operation++;
  request = next;
  for (unsigned s = 0; s < 2; s++) {
    sides[s].event_count = 0;
    sides[s].place = PLACE_NULL;
  }
}

static inline void compare_operation(void)
{
  const struct side *a = &sides[REAL], *b = &sides[OURS];
  if (a->place != b->place)
    differ("the blocks differ");
  if (a->event_count != b->event_count)
    differ("the events differ");
  for (unsigned i = 0; i < a->event_count; i++) {
    const struct event *x = &a->events[i], *y = &b->events[i];
    if (x->kind != y->kind || x->offset != y->offset || x->bytes != y->bytes)
      differ("the events differ");
    event_totals[x->kind]++;
  }
}

static char *text_of_statistics(unsigned side)
{
  char *text = NULL;
  size_t length = 0;
  FILE *stream = open_memstream(&text, &length);
  if (side == REAL)
    real.print_stats(stream);
  else
    gilloc_debug_stats(stream);
  fclose(stream);
  return text;
}

static inline void compare_statistics(void)
{
  char *texts[2] = {text_of_statistics(REAL), text_of_statistics(OURS)};
  char *rest[2] = {texts[REAL], texts[OURS]};
  char *a, *b;
  do {
    a = strsep(&rest[REAL], "\n");
    b = strsep(&rest[OURS], "\n");
    if (!a != !b || (a && strcmp(a, b) != 0)) {
      printf("  CPython  %s\n  gilloc   %s\n", a ? a : "(end)", b ? b : "(end)");
      differ("the statistics after it differ");
    }
  } while (a);
  free(texts[REAL]);
  free(texts[OURS]);
}

#endif
