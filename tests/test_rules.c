/* flavours: none-py311 none-py39 none-classic gil-py311 gil-py39 */
/* link: -Wl,--wrap=mmap,--wrap=munmap */
/* SPDX-License-Identifier: MIT
 *
 * test_rules.c: the geometries of CPython against the model of its rules (rules_model.h): random requests,
 * and for each of them the address must be the model's, and arenas must be mapped and unmapped in the very
 * calls in which the model has it. Arenas are mapped where the test puts them: at any page, so that most of
 * them lose a pool to alignment.
 */
#include "expect.h"
#include "fixture.h"
#include "rules_model.h"

#include <gilloc/gilloc.h>

void *__real_mmap(void *start, size_t bytes, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *start, size_t bytes);
void *__wrap_mmap(void *start, size_t bytes, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *start, size_t bytes);

enum { MAX_SLOTS = 40000, MAX_EVENTS = 16, SPREAD = 16 * TEST_PAGE };

struct slot {
  char *block;
  size_t size;
  struct rules_place place; /* no pool: of the raw domain */
};

struct event {
  char *start;
  size_t bytes;
};

static uint64_t seed;
static struct test_random placement;
static struct rules rules;
static struct slot slots[MAX_SLOTS];
static unsigned slot_count;
static unsigned long step;
static struct event mapped[MAX_EVENTS], unmapped[MAX_EVENTS]; /* of this step */
static unsigned mapped_count, unmapped_count;

static void *map_anywhere(size_t bytes, int protection, int flags)
{
  char *region = __real_mmap(NULL, bytes + SPREAD, protection, flags, -1, 0);
  if (region == MAP_FAILED)
    return region;
  size_t before = random_below(&placement, SPREAD / TEST_PAGE + 1) * TEST_PAGE;
  if (before > 0)
    __real_munmap(region, before);
  if (before < SPREAD)
    __real_munmap(region + before + bytes, SPREAD - before);
  return region + before;
}

void *__wrap_mmap(void *start, size_t bytes, int protection, int flags, int fd, off_t offset)
{
  char *result = bytes == GILLOC_ARENA_SIZE && !start
                     ? map_anywhere(bytes, protection, flags)
                     : __real_mmap(start, bytes, protection, flags, fd, offset);
  if (mapped_count < MAX_EVENTS)
    mapped[mapped_count++] = (struct event){result, bytes};
  return result;
}

int __wrap_munmap(void *start, size_t bytes)
{
  if (unmapped_count < MAX_EVENTS)
    unmapped[unmapped_count++] = (struct event){start, bytes};
  return __real_munmap(start, bytes);
}

static void begin_step(void)
{
  mapped_count = unmapped_count = 0;
  rules.offered = rules.released = NULL;
  step++;
}

/* Offers the model what was mapped in this step and holds the block. */
static void offer_arena(const char *block)
{
  for (unsigned i = 0; i < mapped_count; i++)
    if (mapped[i].bytes == GILLOC_ARENA_SIZE && (size_t)(block - mapped[i].start) < GILLOC_ARENA_SIZE)
      rules.offered = mapped[i].start;
}

static void fail_step(const char *what, const void *got, const void *wanted)
{
  fail_msg("step %lu: %s: %p, expected %p; run again with the argument %llu", step, what, got, wanted,
           (unsigned long long)seed);
}

/* The place of a block that was asked for with `size`, as the model has it and the library too. */
static struct rules_place expect_place(const char *block, size_t size)
{
  unsigned arenas = rules.mapped_total;
  if (!rules_is_small(size)) {
    if (rules_owns(&rules, block))
      fail_step("a block of the raw domain lies in an arena", block, NULL);
    return (struct rules_place){NULL, 0};
  }
  offer_arena(block);
  struct rules_place place = rules_take(&rules, size);
  if (rules.broken)
    fail_step("the block should open a new arena", block, NULL);
  if (block != place.pool->start + place.offset)
    fail_step("block", block, place.pool->start + place.offset);
  if (rules.mapped_total == arenas && mapped_count > 0)
    fail_step("mapped without need", mapped[0].start, NULL);
  return place;
}

static void expect_releases(void)
{
  const char *got = unmapped_count ? unmapped[0].start : NULL;
  if (got != rules.released || unmapped_count > 1)
    fail_step("arena given back", got, rules.released);
  if (got && unmapped[0].bytes != GILLOC_ARENA_SIZE)
    fail_step("bytes of the arena given back", (void *)unmapped[0].bytes, (void *)GILLOC_ARENA_SIZE);
}

static void stamp(const struct slot *slot)
{
  if (slot->size == 0)
    return;
  slot->block[0] = (char)slot->size;
  slot->block[slot->size - 1] = (char)slot->size;
}

static void expect_stamp(const struct slot *slot)
{
  if (slot->size == 0)
    return;
  EXPECT_EQ(slot->block[0], (char)slot->size);
  EXPECT_EQ(slot->block[slot->size - 1], (char)slot->size);
}

static struct slot *do_malloc(size_t size)
{
  struct slot *slot = &slots[slot_count++];
  begin_step();
  slot->block = step % 4 == 0 ? gilloc_calloc(size, 1) : gilloc_malloc(size);
  EXPECT_NOT_NULL(slot->block);
  if (step % 4 == 0 && size > 0)
    EXPECT_EQ(slot->block[0] | slot->block[size / 2] | slot->block[size - 1], 0);
  slot->size = size;
  slot->place = expect_place(slot->block, size);
  expect_releases();
  stamp(slot);
  return slot;
}

static void do_free(unsigned i)
{
  struct slot slot = slots[i];
  slots[i] = slots[--slot_count];
  expect_stamp(&slot);
  begin_step();
  gilloc_free(slot.block);
  if (slot.place.pool)
    rules_put(&rules, slot.place);
  if (mapped_count)
    fail_step("mapped by a free", mapped[0].start, NULL);
  expect_releases();
}

static void do_realloc(unsigned i, size_t size)
{
  struct slot *slot = &slots[i];
  char first = slot->size ? slot->block[0] : 0;
  begin_step();
  char *block = gilloc_realloc(slot->block, size);
  EXPECT_NOT_NULL(block);
  if (!slot->place.pool) { /* the raw domain keeps what it has */
    expect_place(block, 0);
  } else if (rules_stays(slot->place.pool, size)) {
    EXPECT_PTR_EQ(block, slot->block);
  } else {
    struct rules_place place = expect_place(block, size);
    rules_put(&rules, slot->place);
    slot->place = place;
  }
  expect_releases();
  if (slot->size && size)
    EXPECT_EQ(block[0], first);
  slot->block = block;
  slot->size = size;
  stamp(slot);
}

static int by_address(const void *a, const void *b)
{
  const char *x = ((const struct slot *)a)->block, *y = ((const struct slot *)b)->block;
  return x < y ? -1 : x > y;
}

enum free_order { FREE_NEWEST_FIRST, FREE_ANY, FREE_BY_ADDRESS, FREE_ORDERS };

static void free_all(struct test_random *random, enum free_order order)
{
  if (order == FREE_BY_ADDRESS)
    qsort(slots, slot_count, sizeof slots[0], by_address);
  while (slot_count)
    do_free(order == FREE_ANY ? random_below(random, slot_count) : slot_count - 1);
}

static int leave_nothing(void **state)
{
  (void)state;
  free_all(NULL, FREE_NEWEST_FIRST);
  return 0;
}

enum size_mix { SIZE_ANY, SIZE_ONE, SIZE_FEW, SIZE_SMALL, SIZE_BIG, SIZE_MIXES };

static size_t pick_size(struct test_random *random, enum size_mix mix, unsigned phase)
{
  switch (mix) {
  case SIZE_ONE:
    return 1 + (phase * 97U + (unsigned)seed) % 512;
  case SIZE_FEW:
    return 16 + 100 * random_below(random, 5) + phase % 16;
  case SIZE_SMALL:
    return 1 + random_below(random, 64);
  case SIZE_BIG:
    return 385 + random_below(random, 128);
  default:
    return random_below(random, 601);
  }
}

static unsigned pick_slot(struct test_random *random, enum free_order order)
{
  unsigned back = random_below(random, slot_count < 20 ? slot_count : 20);
  return order == FREE_NEWEST_FIRST ? slot_count - 1 - back : random_below(random, slot_count);
}

/* Goes to a random number of blocks and stays near it for a while. */
static void run_phase(struct test_random *random, unsigned phase, unsigned steps)
{
  enum size_mix mix = (enum size_mix)random_below(random, SIZE_MIXES);
  enum free_order order = (enum free_order)random_below(random, FREE_ORDERS);
  unsigned goal = random_below(random, random_below(random, 2) ? MAX_SLOTS : 2000);
  for (unsigned i = 0; i < steps; i++) {
    unsigned dice = random_below(random, 10);
    bool grow = slot_count < goal ? dice < 8 : dice < 2;
    if (slot_count == 0 || (grow && slot_count < MAX_SLOTS))
      do_malloc(pick_size(random, mix, phase));
    else if (dice == 5)
      do_realloc(pick_slot(random, order),
                 pick_size(random, random_below(random, 2) ? mix : SIZE_ANY, phase));
    else
      do_free(pick_slot(random, order));
  }
}

static void test_geometry_is_cpythons(void **state)
{
  (void)state;
  bool new_pools = strcmp(GILLOC_FLAVOUR_GEOMETRY, "py311") == 0;
  EXPECT_EQ(GILLOC_ALIGNMENT, strcmp(GILLOC_FLAVOUR_GEOMETRY, "classic") == 0 ? 8 : 16);
  EXPECT_EQ(GILLOC_POOL_SIZE, new_pools ? 16384 : 4096);
  EXPECT_EQ(GILLOC_ARENA_SIZE, new_pools ? 1048576 : 262144);
  EXPECT_EQ(GILLOC_CLASS_COUNT, RULES_CLASSES);
}

static void test_zero_and_more_than_512_bytes_are_of_the_raw_domain(void **state)
{
  (void)state;
  EXPECT_NULL(do_malloc(0)->place.pool);
  EXPECT_NULL(do_malloc(513)->place.pool);
  EXPECT_NOT_NULL(do_malloc(512)->place.pool);
  EXPECT_NOT_NULL(do_malloc(1)->place.pool);
}

static void test_raw_block_is_never_adopted_by_a_pool(void **state)
{
  (void)state;
  do_malloc(600);
  do_realloc(slot_count - 1, 100);
  EXPECT_FALSE(rules_owns(&rules, slots[slot_count - 1].block));
}

static void test_block_of_512_stays_at_385_and_moves_at_384(void **state)
{
  (void)state;
  char *block = do_malloc(512)->block;
  do_realloc(slot_count - 1, 385);
  EXPECT_PTR_EQ(slots[slot_count - 1].block, block);
  do_realloc(slot_count - 1, 384);
  EXPECT_PTR_NE(slots[slot_count - 1].block, block);
}

static void test_realloc_to_zero_moves_to_the_raw_domain(void **state)
{
  (void)state;
  do_malloc(16);
  do_realloc(slot_count - 1, 0);
  EXPECT_FALSE(rules_owns(&rules, slots[slot_count - 1].block));
}

/* Frees every block of the arena at `base`; the arenas given back meanwhile. */
static unsigned empty_arena(const char *base)
{
  unsigned before = rules.mapped_now;
  for (unsigned i = slot_count; i-- > 0;)
    if ((size_t)(slots[i].block - base) < GILLOC_ARENA_SIZE)
      do_free(i);
  return before - rules.mapped_now;
}

/* Measured with the real ones: three full arenas emptied in the order 1, 0, 2 are released in that order by
 * CPython to 3.8; later ones keep 1 and release 0 and 2. */
static void test_three_full_arenas_are_released_as_cpython_releases_them(void **state)
{
  (void)state;
  char *bases[3];
  for (unsigned i = 0; i < 3; i++) {
    do_malloc(512);
    bases[i] = slots[slot_count - 1].place.pool->arena->base;
    while (rules.usable || rules.used[RULES_CLASSES - 1])
      do_malloc(512);
  }
  EXPECT_EQ(rules.mapped_now, 3);
  EXPECT_EQ(empty_arena(bases[1]), !rules.keeps_last);
  EXPECT_EQ(empty_arena(bases[0]), 1);
  EXPECT_EQ(empty_arena(bases[2]), 1);
  EXPECT_EQ(is_mapped(bases[1]), rules.keeps_last);
}

static void test_random_requests_go_where_cpython_puts_them(void **state)
{
  (void)state;
  struct test_random random = {seed};
  for (unsigned phase = 0; phase < 40; phase++) {
    run_phase(&random, phase, GILLOC_TSAN ? 8000 : 20000);
    if (random_below(&random, 4) == 0)
      free_all(&random, (enum free_order)random_below(&random, FREE_ORDERS));
  }
  free_all(&random, FREE_ANY);
  EXPECT_EQ(rules.mapped_now, rules.keeps_last);
  print_message("%lu steps, %u arenas\n", step, rules.mapped_total);
}

#define RULES_TEST(f) cmocka_unit_test_teardown(f, leave_nothing)

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_geometry_is_cpythons),
      RULES_TEST(test_zero_and_more_than_512_bytes_are_of_the_raw_domain),
      RULES_TEST(test_raw_block_is_never_adopted_by_a_pool),
      RULES_TEST(test_block_of_512_stays_at_385_and_moves_at_384),
      RULES_TEST(test_realloc_to_zero_moves_to_the_raw_domain),
      RULES_TEST(test_three_full_arenas_are_released_as_cpython_releases_them),
      RULES_TEST(test_random_requests_go_where_cpython_puts_them),
  };
  seed = test_seed(argc, argv);
  placement.state = ~seed;
  rules.keeps_last = strcmp(GILLOC_FLAVOUR_GEOMETRY, "classic") != 0;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
