/* flavours: none-py311 gil-py311 none-py39 gil-py39 none-classic gil-classic */
/* presets: release debug asan */
/* clang-format off */
/* link: -Wl,--wrap=gilloc_raw_malloc,--wrap=gilloc_raw_calloc,--wrap=gilloc_raw_realloc,--wrap=gilloc_raw_free */
/* clang-format on */
/* soak: --operations 100000000 */
/* optimised: yes */
/* SPDX-License-Identifier: MIT
 *
 * test_differential.c [SEED] [--operations N]: the real pymalloc, of each libpython that is of our geometry,
 * and ours, each with a region of its own for its arenas, do the same operations. After each: the same offset
 * of the block or both in the raw domain; the same arenas mapped, refused and given back, and the same
 * requests passed to the raw domain, in the same order; contents intact. After each phase: the same
 * statistics, line for line, where ours are that version's. Each scenario runs in a process of its own,
 * because neither allocator can be made new. N is for all scenarios together; also from the environment,
 * GILLOC_DIFFERENTIAL_OPS. GILLOC_LIBPYTHON names a further library, or several with colons between.
 */
#include "differential.h"
#include "expect.h"
#include "fixture.h"

enum { LIVE_MAX = 60000, SLOTS = GILLOC_ARENA_BITS < 20 ? 250 : 96 };

struct live {
  char *blocks[2];
  uint16_t size;
  unsigned char key;
};

static struct test_random dice;
static struct live live[LIVE_MAX];
static unsigned live_count;

/* ---- contents ---- */

static void fill_block(const struct live *entry, unsigned side)
{
  memset(entry->blocks[side], entry->key, entry->size);
}

static bool has_only(const char *block, size_t size, unsigned char byte)
{
  return size == 0 || ((unsigned char)block[0] == byte && memcmp(block, block + 1, size - 1) == 0);
}

static void expect_contents(const struct live *entry, size_t size, unsigned char byte)
{
  for (unsigned s = 0; s < 2; s++)
    if (!has_only(entry->blocks[s], size, byte))
      differ(s == REAL ? "contents lost by CPython" : "contents lost by gilloc");
}

static void refill(struct live *entry, size_t size)
{
  entry->size = (uint16_t)size;
  entry->key = (unsigned char)random_u64(&dice);
  fill_block(entry, REAL);
  fill_block(entry, OURS);
}

/* ---- operations ---- */

/* Where the real one lets every empty arena go and ours keeps the last, none may become empty: the block that
 * an arena was taken for lives for ever. */
static void hold_arena(unsigned i)
{
  if (!library->differs_in_last)
    return;
  for (unsigned e = 0; e < sides[REAL].event_count; e++)
    if (sides[REAL].events[e].kind == EVENT_MAP) {
      live[i] = live[--live_count];
      return;
    }
}

static void do_malloc(size_t size)
{
  struct live *entry = &live[live_count++];
  begin_operation((struct request){"malloc", size, 0, PLACE_NULL});
  for (unsigned s = 0; s < 2; s++)
    sides[s].place = place_of(&sides[s], entry->blocks[s] = sides[s].malloc(size));
  compare_operation();
  refill(entry, size);
  hold_arena(live_count - 1);
}

static void do_calloc(size_t count, size_t size)
{
  struct live *entry = &live[live_count++];
  begin_operation((struct request){"calloc", count * size, 0, PLACE_NULL});
  for (unsigned s = 0; s < 2; s++)
    sides[s].place = place_of(&sides[s], entry->blocks[s] = sides[s].calloc(count, size));
  compare_operation();
  expect_contents(entry, count * size, 0);
  refill(entry, count * size);
  hold_arena(live_count - 1);
}

static void do_realloc(unsigned i, size_t size)
{
  struct live *entry = &live[i];
  begin_operation(
      (struct request){"realloc", size, entry->size, place_of(&sides[REAL], entry->blocks[REAL])});
  for (unsigned s = 0; s < 2; s++)
    sides[s].place = place_of(&sides[s], entry->blocks[s] = sides[s].realloc(entry->blocks[s], size));
  compare_operation();
  expect_contents(entry, entry->size < size ? entry->size : size, entry->key);
  refill(entry, size);
  hold_arena(i);
}

static void do_free(unsigned i)
{
  struct live entry = live[i];
  live[i] = live[--live_count];
  begin_operation((struct request){"free", 0, entry.size, place_of(&sides[REAL], entry.blocks[REAL])});
  expect_contents(&entry, entry.size, entry.key);
  for (unsigned s = 0; s < 2; s++)
    sides[s].free(entry.blocks[s]);
  compare_operation();
}

/* ---- random traces ---- */

enum size_mix { SIZE_ANY, SIZE_ONE, SIZE_FEW, SIZE_SMALL, SIZE_BIG, SIZE_MIXES };

/* How a phase goes on, and how many of a hundred steps of it take a block. */
enum phase_kind {
  PHASE_GROW,
  PHASE_GROW_MORE,
  PHASE_SHRINK,
  PHASE_STEADY,
  PHASE_BURST,
  PHASE_RELEASE,
  PHASE_KINDS
};

static const unsigned growth[PHASE_KINDS] = {
    [PHASE_GROW] = 85, [PHASE_GROW_MORE] = 97, [PHASE_SHRINK] = 15, [PHASE_STEADY] = 50};

struct phase {
  enum phase_kind kind;
  enum size_mix mix;
  size_t one_size;
  bool recent_first; /* frees and reallocs one of the blocks made last */
};

static size_t pick_size(const struct phase *phase)
{
  switch (phase->mix) {
  case SIZE_ONE:
    return phase->one_size;
  case SIZE_FEW:
    return 1 + (phase->one_size + 100 * random_below(&dice, 5)) % SIZE_MAX_TRACED;
  case SIZE_SMALL:
    return 1 + random_below(&dice, 64);
  case SIZE_BIG:
    return 385 + random_below(&dice, 128);
  default:
    return random_below(&dice, SIZE_MAX_TRACED + 1);
  }
}

static unsigned pick_live(const struct phase *phase)
{
  if (!phase->recent_first || live_count < 20)
    return random_below(&dice, live_count);
  return live_count - 1 - random_below(&dice, 20);
}

static void take_one(const struct phase *phase)
{
  size_t size = pick_size(phase);
  size_t element = 1 + random_below(&dice, 16);
  if (random_below(&dice, 4) == 0)
    do_calloc(size / element, element);
  else
    do_malloc(size);
}

static void step(const struct phase *phase)
{
  bool grows = random_below(&dice, 100) < growth[phase->kind];
  if (live_count == 0 || (grows && live_count < LIVE_MAX))
    take_one(phase);
  else if (random_below(&dice, 8) == 0)
    do_realloc(pick_live(phase), random_below(&dice, 2) ? pick_size(phase) : random_below(&dice, 601));
  else
    do_free(pick_live(phase));
}

/* A burst of new blocks, freed again from either end or in any order. */
static void burst(const struct phase *phase)
{
  unsigned count = 1 + random_below(&dice, 2000), order = random_below(&dice, 3);
  unsigned first = live_count < LIVE_MAX / 2 ? live_count : live_count / 2; /* or room would run out */
  while (count-- > 0 && live_count < LIVE_MAX)
    take_one(phase);
  while (live_count > first)
    do_free(order == 0   ? live_count - 1
            : order == 1 ? first
                         : first + random_below(&dice, live_count - first));
}

/* Frees what lies in a few arenas, or everything. */
static void release(void)
{
  bool all = random_below(&dice, 3) == 0;
  for (unsigned rounds = 1 + random_below(&dice, 4); rounds > 0; rounds--) {
    ptrdiff_t slot = (ptrdiff_t)random_below(&dice, 24) << 20;
    for (unsigned i = live_count; i-- > 0;)
      if (all || (place_of(&sides[REAL], live[i].blocks[REAL]) & ~(ptrdiff_t)(REGION_SLOT_BYTES - 1)) == slot)
        do_free(i);
  }
}

static void run_phase(uint64_t end)
{
  struct phase phase = {(enum phase_kind)random_below(&dice, PHASE_KINDS),
                        (enum size_mix)random_below(&dice, SIZE_MIXES),
                        random_below(&dice, SIZE_MAX_TRACED + 1), random_below(&dice, 2)};
  uint64_t phase_end = operation + 1000 + random_below(&dice, 40000);
  if (phase_end > end)
    phase_end = end;
  if (phase.kind == PHASE_RELEASE) {
    release();
    return;
  }
  while (operation < phase_end)
    if (phase.kind == PHASE_BURST)
      burst(&phase);
    else
      step(&phase);
}

/* In the child. */
static _Noreturn void run_scenario(uint64_t operations)
{
  unsigned phases = 0;
  if (GILLOC_HAS_GIL)
    gilloc_thread_attach();
  size_t before = (1 + random_below(&dice, 8)) * (size_t)REGION_SLOT_BYTES - scenario->misalignment;
  if (!pymalloc_load_file(&real, library->file) || !set_sides_up(before)) {
    printf("%s: no addresses for the regions, or no library\n", scenario->name);
    fflush(stdout);
    _exit(1);
  }
  for (; operation < operations; phases++) {
    run_phase(operations);
    if (library->compares_statistics)
      compare_statistics();
    if (random_below(&dice, 4) == 0)
      release();
  }
  while (live_count > 0)
    do_free(random_below(&dice, live_count));
  if (library->compares_statistics)
    compare_statistics();
  printf("%s, %s: %" PRIu64 " operations in %u phases, no difference;", library->file, scenario->name,
         operation, phases);
  for (size_t i = 0; i < sizeof event_names / sizeof event_names[0]; i++)
    printf(" %s %" PRIu64 "%s", event_names[i], event_totals[i],
           i + 1 < sizeof event_names / sizeof event_names[0] ? "," : "\n");
  fflush(stdout);
  _exit(atomic_load(&test_failures) > 0);
}

static void compare_with(const struct library *chosen_library, const struct scenario *chosen)
{
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    library = chosen_library;
    scenario = chosen;
    dice.state = seed + (uintptr_t)chosen->misalignment * 31 + chosen->slots;
    run_scenario(operations_wanted / 5);
  }
  EXPECT_EQ(wait_for_child(child), 0);
}

static void compare(const struct scenario *chosen)
{
  if (library_count == 0)
    skip();
  for (unsigned i = 0; i < library_count; i++)
    compare_with(&libraries[i], chosen);
}

static void test_aligned_arenas_serve_as_cpythons(void **state)
{
  (void)state;
  compare(&(struct scenario){"aligned arenas", 0, SLOTS});
}

static void test_arenas_at_any_page_serve_as_cpythons(void **state)
{
  (void)state;
  struct test_random random = {seed};
  compare(&(struct scenario){"arenas at any page", TEST_PAGE * (1 + random_below(&random, 255)), SLOTS});
}

static void test_arenas_at_a_pool_boundary_serve_as_cpythons(void **state)
{
  (void)state;
  compare(&(struct scenario){"arenas at a pool's boundary", (size_t)5 * GILLOC_POOL_SIZE, SLOTS});
}

static void test_arenas_16_bytes_off_serve_as_cpythons(void **state)
{
  (void)state;
  compare(&(struct scenario){"arenas 16 bytes off", 16, SLOTS});
}

static void test_refused_arenas_send_requests_to_the_raw_domain(void **state)
{
  (void)state;
  compare(&(struct scenario){"few arenas", TEST_PAGE, 5});
}

/* Takes `--operations N` out of the command line. */
static int read_operations(int argc, char **argv)
{
  const char *given = getenv("GILLOC_DIFFERENTIAL_OPS");
  if (argc > 2 && strcmp(argv[argc - 2], "--operations") == 0) {
    given = argv[argc - 1];
    argc -= 2;
  }
  if (given)
    operations_wanted = strtoull(given, NULL, 0);
  return argc;
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_aligned_arenas_serve_as_cpythons),
      cmocka_unit_test(test_arenas_at_any_page_serve_as_cpythons),
      cmocka_unit_test(test_arenas_at_a_pool_boundary_serve_as_cpythons),
      cmocka_unit_test(test_arenas_16_bytes_off_serve_as_cpythons),
      cmocka_unit_test(test_refused_arenas_send_requests_to_the_raw_domain),
  };
  argc = read_operations(argc, argv);
  seed = test_seed(argc, argv);
  find_libraries();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
