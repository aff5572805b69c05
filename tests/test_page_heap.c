/* flavours: none gil fine */
/* SPDX-License-Identifier: MIT
 *
 * test_page_heap.c: runs split and coalesce, clean pages are told from dirty ones, dirty ones go back to the
 * OS. Each test leaves no live block and nothing dirty, so it starts on clean regions.
 */
#include "expect.h"
#include "fixture.h"

#include "os_memory.h"
#include "page_heap.h"
#include "page_region.h"

enum { MIB = 1 << 20, SLOTS = 60, STEPS = 3000 };

static uint64_t seed;
static struct gilloc_page_dirt dirt; /* of the block taken last */

static char *take(size_t bytes)
{
  return gilloc_page_heap_take(bytes, 1, &dirt);
}

static size_t dirt_bytes(void)
{
  return (size_t)(dirt.to - dirt.from);
}

static int purge_all(void **state)
{
  (void)state;
  gilloc_page_heap_purge_all();
  EXPECT_TRUE(gilloc_page_heap_is_consistent());
  EXPECT_EQ(gilloc_page_heap_counts().live, 0);
  EXPECT_EQ(gilloc_page_heap_counts().dirty, 0);
  EXPECT_EQ(gilloc_page_heap_counts().out, 0);
  return 0;
}

static bool is_zero(const char *from, const char *to)
{
  for (; from < to; from += 64)
    if (*from)
      return false;
  return true;
}

static size_t resident_pages(char *start, size_t bytes)
{
  static unsigned char resident[64 * MIB / TEST_PAGE];
  size_t count = 0;
  EXPECT_EQ(mincore(start, bytes, resident), 0);
  for (size_t i = 0; i < bytes / TEST_PAGE; i++)
    count += resident[i] & 1;
  return count;
}

static void test_neighbours_coalesce_in_any_order(void **state)
{
  (void)state;
  static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  for (unsigned i = 0; i < 6; i++) {
    char *whole = take(3 * MIB), *wall = take(MIB), *parts[3];
    EXPECT_EQ(gilloc_page_heap_put(whole), 3 * MIB);
    for (unsigned k = 0; k < 3; k++) {
      parts[k] = take(MIB);
      EXPECT_PTR_EQ(parts[k], whole + k * MIB);
    }
    for (unsigned k = 0; k < 3; k++)
      EXPECT_EQ(gilloc_page_heap_put(parts[orders[i][k]]), MIB);
    EXPECT_TRUE(gilloc_page_heap_is_consistent());
    EXPECT_PTR_EQ(take(3 * MIB), whole);
    gilloc_page_heap_put(whole);
    gilloc_page_heap_put(wall);
  }
}

static void test_clean_addresses_go_when_a_mapping_has_failed(void **state)
{
  (void)state;
  char *block = take(MIB);
  memset(block, 1, MIB);
  size_t reserved = gilloc_page_heap_counts().reserved;
  EXPECT_NULL(gilloc_os_reserve((size_t)1 << 60));
  size_t clean = gilloc_page_heap_counts().clean;
  EXPECT_EQ(gilloc_page_region_release_clean(), clean);
  EXPECT_TRUE(gilloc_page_heap_is_consistent());
  EXPECT_EQ(gilloc_page_heap_counts().clean, 0);
  EXPECT_EQ(gilloc_page_heap_counts().reserved, reserved - clean);
  EXPECT_EQ(gilloc_page_region_release_clean(), 0);
  EXPECT_EQ(block[MIB - 1], 1);
  char *other = take(MIB); /* of a new region */
  EXPECT_TRUE(gilloc_page_heap_counts().reserved > reserved - clean);
  gilloc_page_heap_put(other);
  gilloc_page_heap_put(block);
}

static void test_the_smallest_run_that_fits_is_taken(void **state)
{
  (void)state;
  static const size_t sizes[] = {5, 2, 7, 3};
  char *holes[4], *walls[4];
  for (unsigned i = 0; i < 4; i++) {
    holes[i] = take(sizes[i] * MIB);
    walls[i] = take(TEST_PAGE);
  }
  for (unsigned i = 0; i < 4; i++)
    gilloc_page_heap_put(holes[i]);
  char *three = take(3 * MIB), *two = take(2 * MIB), *six = take(6 * MIB);
  EXPECT_PTR_EQ(three, holes[3]);
  EXPECT_PTR_EQ(two, holes[1]);
  EXPECT_PTR_EQ(six, holes[2]);
  gilloc_page_heap_put(three);
  gilloc_page_heap_put(two);
  gilloc_page_heap_put(six);
  for (unsigned i = 0; i < 4; i++)
    gilloc_page_heap_put(walls[i]);
}

static void test_dirty_pages_are_taken_before_clean_ones(void **state)
{
  (void)state;
  char *first = take(2 * MIB), *wall = take(MIB);
  memset(first, 1, 2 * MIB);
  gilloc_page_heap_put(first);
  char *again = take(MIB);
  EXPECT_PTR_EQ(again, first);
  EXPECT_EQ(dirt_bytes(), MIB);
  gilloc_page_heap_put(again);
  gilloc_page_heap_put(wall);
}

static void test_fresh_and_purged_pages_are_clean(void **state)
{
  (void)state;
  char *block = take(4 * MIB);
  EXPECT_EQ(dirt_bytes(), 0);
  memset(block, 1, 4 * MIB);
  gilloc_page_heap_put(block);
  EXPECT_EQ(gilloc_page_heap_purgeable(), 4 * MIB);
  EXPECT_EQ(gilloc_page_heap_purge_all(), 4 * MIB);
  EXPECT_PTR_EQ(take(4 * MIB), block);
  EXPECT_EQ(dirt_bytes(), 0);
  EXPECT_EQ(resident_pages(block, 4 * MIB), 0);
  EXPECT_TRUE(is_zero(block, block + 4 * MIB));
  gilloc_page_heap_put(block);
}

static void test_only_the_dirty_part_of_a_run_is_dirt(void **state)
{
  (void)state;
  char *low = take(MIB), *high = take(MIB);
  memset(low, 1, MIB);
  EXPECT_PTR_EQ(high, low + MIB);
  gilloc_page_heap_put(low);
  gilloc_page_heap_purge_all(); /* low clean, high live */
  memset(high, 1, MIB);
  gilloc_page_heap_put(high); /* clean, dirty, clean */
  char *block = take(8 * MIB);
  EXPECT_PTR_EQ(block, low);
  EXPECT_PTR_EQ(dirt.from, high);
  EXPECT_PTR_EQ(dirt.to, high + MIB);
  gilloc_page_heap_put(block);
}

static void test_purge_takes_the_oldest_and_no_more_than_asked(void **state)
{
  (void)state;
  char *blocks[4], *walls[4];
  for (unsigned i = 0; i < 4; i++) {
    blocks[i] = take(MIB);
    walls[i] = take(TEST_PAGE);
    memset(blocks[i], 1, MIB);
  }
  for (unsigned i = 0; i < 4; i++)
    gilloc_page_heap_put(blocks[i]);
  EXPECT_EQ(gilloc_page_heap_purge(MIB + MIB / 2), MIB + MIB / 2);
  EXPECT_EQ(resident_pages(blocks[0], MIB), 0);
  EXPECT_EQ(resident_pages(blocks[1], MIB), MIB / 2 / TEST_PAGE);
  EXPECT_EQ(resident_pages(blocks[2], MIB), MIB / TEST_PAGE);
  EXPECT_TRUE(gilloc_page_heap_is_consistent());
  for (unsigned i = 0; i < 4; i++)
    gilloc_page_heap_put(walls[i]);
}

static void test_idle_is_what_was_dirty_all_the_time(void **state)
{
  (void)state;
  gilloc_page_heap_purge_idle();
  char *a = take(4 * MIB), *wall = take(TEST_PAGE);
  gilloc_page_heap_put(a);
  EXPECT_EQ(gilloc_page_heap_purge_idle(), 0); /* dirty only since the middle of the period */
  char *b = take(3 * MIB);
  gilloc_page_heap_put(b);
  EXPECT_EQ(gilloc_page_heap_purge_idle(), MIB); /* 3 MiB of the four were needed */
  EXPECT_EQ(gilloc_page_heap_purge_idle(), 3 * MIB);
  EXPECT_EQ(gilloc_page_heap_purgeable(), 0);
  gilloc_page_heap_put(wall);
}

static void test_run_of_the_size_of_a_region_is_unmapped(void **state)
{
  (void)state;
  size_t reserved = gilloc_page_heap_counts().reserved, huge = (size_t)300 * MIB;
  char *block = take(huge);
  EXPECT_TRUE(gilloc_page_heap_counts().reserved > reserved);
  gilloc_page_heap_put(block);
  gilloc_page_heap_purge_all();
  EXPECT_FALSE(is_mapped(block) || is_mapped(block + huge - 1));
  EXPECT_TRUE(gilloc_page_heap_counts().reserved <= reserved);
  EXPECT_EQ(gilloc_page_heap_usable(block), 0);
}

static void test_block_lies_at_any_alignment_and_loses_nothing(void **state)
{
  (void)state;
  for (size_t alignment = 1; alignment <= (size_t)1 << 28; alignment *= 2) {
    char *block = gilloc_page_heap_take(5 * TEST_PAGE, alignment, &dirt);
    EXPECT_ALIGNED(block, alignment);
    EXPECT_EQ(gilloc_page_heap_usable(block), 5 * TEST_PAGE);
    EXPECT_TRUE(gilloc_page_heap_is_consistent());
    EXPECT_EQ(gilloc_page_heap_put(block), 5 * TEST_PAGE);
  }
}

static void test_growth_in_place_takes_pages_of_the_neighbour(void **state)
{
  (void)state;
  char *block = take(8 * MIB);
  EXPECT_TRUE(gilloc_page_heap_resize(block, 2 * MIB));
  EXPECT_EQ(gilloc_page_heap_usable(block), 2 * MIB);
  char *next = take(MIB);
  EXPECT_PTR_EQ(next, block + 2 * MIB);
  EXPECT_FALSE(gilloc_page_heap_resize(block, 3 * MIB));
  gilloc_page_heap_put(next);
  EXPECT_TRUE(gilloc_page_heap_resize(block, 8 * MIB));
  EXPECT_EQ(gilloc_page_heap_usable(block), 8 * MIB);
  EXPECT_FALSE(gilloc_page_heap_resize(block + MIB, 3 * MIB));
  EXPECT_TRUE(gilloc_page_heap_is_consistent());
  gilloc_page_heap_put(block);
}

struct slot {
  char *block;
  size_t bytes;
};

/* What is said to be clean reads as zero, whatever happened before; every page is written. */
static void take_into(struct slot *slot, struct test_random *random)
{
  unsigned bits = random_below(random, 10);
  slot->bytes = (size_t)(1 + random_below(random, 1U << bits)) * TEST_PAGE;
  slot->block = gilloc_page_heap_take(slot->bytes, (size_t)1 << random_below(random, 17), &dirt);
  EXPECT_NOT_NULL(slot->block);
  EXPECT_TRUE(is_zero(slot->block, dirt.from) && is_zero(dirt.to, slot->block + slot->bytes));
  for (size_t i = 0; i < slot->bytes; i += TEST_PAGE)
    slot->block[i] = (char)(slot->bytes / TEST_PAGE) | 1;
}

static void check_slot(const struct slot *slot, size_t bytes)
{
  for (size_t i = 0; i < bytes; i += TEST_PAGE)
    EXPECT_EQ(slot->block[i], (char)((char)(slot->bytes / TEST_PAGE) | 1));
}

static void resize_slot(struct slot *slot, struct test_random *random)
{
  size_t bytes = (size_t)(1 + random_below(random, 400)) * TEST_PAGE;
  if (!gilloc_page_heap_resize(slot->block, bytes))
    return;
  check_slot(slot, slot->bytes < bytes ? slot->bytes : bytes);
  slot->bytes = bytes;
  for (size_t i = 0; i < bytes; i += TEST_PAGE)
    slot->block[i] = (char)(bytes / TEST_PAGE) | 1;
}

static void step_slot(struct slot *slot, struct test_random *random)
{
  unsigned choice = random_below(random, 20);
  if (!slot->block) {
    take_into(slot, random);
  } else if (choice < 5) {
    resize_slot(slot, random);
  } else {
    check_slot(slot, slot->bytes);
    EXPECT_EQ(gilloc_page_heap_put(slot->block), slot->bytes);
    slot->block = NULL;
  }
  if (choice == 19)
    gilloc_page_heap_purge(random_below(random, 4 * MIB));
  if (choice == 18)
    gilloc_page_heap_purge_idle();
}

static void test_random_use_keeps_contents_zeros_and_counts(void **state)
{
  (void)state;
  static struct slot slots[SLOTS];
  struct test_random random = {seed};
  size_t charged =
      gilloc_os_counts().charged - gilloc_page_heap_counts().live - gilloc_page_heap_counts().dirty;
  size_t mapped = gilloc_os_counts().mapped;
  for (unsigned step = 0; step < STEPS / TEST_DIVISOR; step++) {
    step_slot(&slots[random_below(&random, SLOTS)], &random);
    if (step % 16 == 0)
      EXPECT_TRUE(gilloc_page_heap_is_consistent());
    struct gilloc_page_heap_counts counts = gilloc_page_heap_counts();
    EXPECT_EQ(gilloc_os_counts().charged - (gilloc_os_counts().mapped - mapped),
              charged + counts.live + counts.dirty);
  }
  for (unsigned i = 0; i < SLOTS; i++)
    if (slots[i].block)
      EXPECT_EQ(gilloc_page_heap_put(slots[i].block), slots[i].bytes);
}

static void test_hard_limit_counts_what_is_live_or_dirty(void **state)
{
  (void)state;
  char *block = take(4 * MIB);
  gilloc_page_heap_put(block); /* 4 MiB dirty */
  gilloc_os_set_limits(0, gilloc_os_counts().charged + MIB);
  EXPECT_NULL(take(6 * MIB));
  block = take(5 * MIB); /* the four and one more */
  EXPECT_NOT_NULL(block);
  EXPECT_FALSE(gilloc_page_heap_resize(block, 6 * MIB));
  EXPECT_NULL(take(TEST_PAGE));
  gilloc_page_heap_put(block);
  gilloc_page_heap_purge_all();
  EXPECT_TRUE(gilloc_page_heap_is_consistent());
  gilloc_os_set_limits(0, 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, purge_all)

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      TEST(test_neighbours_coalesce_in_any_order),
      TEST(test_clean_addresses_go_when_a_mapping_has_failed),
      TEST(test_the_smallest_run_that_fits_is_taken),
      TEST(test_dirty_pages_are_taken_before_clean_ones),
      TEST(test_fresh_and_purged_pages_are_clean),
      TEST(test_only_the_dirty_part_of_a_run_is_dirt),
      TEST(test_purge_takes_the_oldest_and_no_more_than_asked),
      TEST(test_idle_is_what_was_dirty_all_the_time),
      TEST(test_run_of_the_size_of_a_region_is_unmapped),
      TEST(test_block_lies_at_any_alignment_and_loses_nothing),
      TEST(test_growth_in_place_takes_pages_of_the_neighbour),
      TEST(test_random_use_keeps_contents_zeros_and_counts),
      TEST(test_hard_limit_counts_what_is_live_or_dirty),
  };
  seed = test_seed(argc, argv);
  return cmocka_run_group_tests(tests, hold_gil, drop_gil);
}
