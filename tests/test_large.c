/* flavours: none gil fine fine-mcs */
/* SPDX-License-Identifier: MIT
 *
 * test_large.c: blocks above the last class: runs of pages that are found by their first address.
 */
#include "expect.h"
#include "fixture.h"

#include "geometry.h"
#include "large.h"
#include "os_memory.h"
#include "page_heap.h"
#include "purge.h"

#include <sys/mman.h>

enum { BIG = 1 << 20, MAX_WALLS = 4096 };

static uint64_t seed;

/* Twice, so that the second time the pages are dirty. */
static void test_zeroed_block_is_zero_page_aligned_and_all_usable(void **state)
{
  (void)state;
  for (size_t size = 2 * GILLOC_BLOCK_MAX + 2; size < 16 * BIG; size = size * 5 / 3 + 1) {
    char *block = gilloc_large_take_zeroed(size / 2);
    EXPECT_ALIGNED(block, TEST_PAGE);
    size_t usable = gilloc_large_usable(block);
    EXPECT_TRUE(usable >= size / 2);
    for (size_t i = 0; i < usable; i += 512)
      EXPECT_EQ(block[i], 0);
    EXPECT_EQ(block[usable - 1], 0);
    memset(block, 1, usable);
    EXPECT_TRUE(gilloc_large_put(block));
  }
}

static void test_block_lies_at_any_alignment(void **state)
{
  (void)state;
  for (size_t alignment = 1; alignment <= (size_t)1 << 26; alignment *= 2) {
    char *block = gilloc_large_take(100000, alignment);
    EXPECT_NOT_NULL(block);
    EXPECT_ALIGNED(block, alignment);
    memset(block, 1, 100000);
    EXPECT_TRUE(gilloc_large_put(block));
  }
}

static void test_impossible_blocks_are_null(void **state)
{
  (void)state;
  EXPECT_NULL(gilloc_large_take((size_t)PTRDIFF_MAX, 16));
  EXPECT_NULL(gilloc_large_take(SIZE_MAX, 16));
  EXPECT_NULL(gilloc_large_take(SIZE_MAX - 100, 1 << 22));
  EXPECT_NULL(gilloc_large_take_zeroed(SIZE_MAX - 100));
  EXPECT_NULL(gilloc_large_take(BIG, (size_t)1 << 63));
}

static void test_memory_put_back_is_taken_again(void **state)
{
  (void)state;
  char *block = gilloc_large_take(BIG, 16);
  memset(block, 1, BIG);
  EXPECT_TRUE(gilloc_large_put(block));
  EXPECT_PTR_EQ(gilloc_large_take(BIG, 16), block);
  EXPECT_TRUE(gilloc_large_put(block));
}

/* 40 MiB: more than is cleared, so it is dropped; 20 MiB: cleared. */
static void test_zeroed_block_of_dirty_pages_is_zero(void **state)
{
  (void)state;
  for (size_t size = 20 * BIG; size <= 40 * BIG; size += 20 * BIG) {
    char *block = gilloc_large_take(size, 16);
    memset(block, 1, size);
    EXPECT_TRUE(gilloc_large_put(block));
    block = gilloc_large_take_zeroed(size);
    for (size_t i = 0; i < size; i += 64)
      EXPECT_EQ(block[i], 0);
    EXPECT_TRUE(gilloc_large_put(block));
  }
}

static void test_block_put_back_is_no_longer_one(void **state)
{
  (void)state;
  void *block = gilloc_large_take(BIG, 16);
  gilloc_large_put(block);
  EXPECT_EQ(gilloc_large_usable(block), 0);
  EXPECT_FALSE(gilloc_large_put(block));
}

static void test_only_the_first_address_is_the_block(void **state)
{
  (void)state;
  char *block = gilloc_large_take(BIG, 16);
  static const size_t offsets[] = {1, 8, 16, 4095, 4096, 65536, BIG - 1, BIG};
  for (unsigned i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
    EXPECT_EQ(gilloc_large_usable(block + offsets[i]), 0);
    EXPECT_FALSE(gilloc_large_put(block + offsets[i]));
  }
  EXPECT_EQ(gilloc_large_usable(block - TEST_PAGE), 0);
  EXPECT_TRUE(gilloc_large_usable(block) >= BIG);
  gilloc_large_put(block);
}

static void test_addresses_of_others_are_no_blocks(void **state)
{
  (void)state;
  int on_stack;
  void *nobodys = reserve_addresses(BIG, TEST_PAGE);
  EXPECT_FALSE(gilloc_large_put(&on_stack));
  EXPECT_FALSE(gilloc_large_put(nobodys));
  EXPECT_EQ(gilloc_large_usable(nobodys), 0);
  EXPECT_EQ(gilloc_large_usable(NULL), 0);
  EXPECT_EQ(gilloc_large_usable((void *)UINTPTR_MAX), 0);
  EXPECT_EQ(gilloc_large_usable((void *)((uintptr_t)1 << 48)), 0);
}

static void test_resize_keeps_contents(void **state)
{
  (void)state;
  static const size_t sizes[] = {BIG, 3 * BIG, 40000, 40001, 16 * BIG, BIG + 1, 33000};
  char *block = gilloc_large_take(50000, 16);
  size_t old = 50000;
  for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    fill(block, old, 1);
    block = gilloc_large_resize(block, sizes[i]);
    EXPECT_NOT_NULL(block);
    EXPECT_TRUE(gilloc_large_usable(block) >= sizes[i]);
    EXPECT_TRUE(is_filled(block, old < sizes[i] ? old : sizes[i], 1));
    block[sizes[i] - 1] = 1;
    old = sizes[i];
  }
  EXPECT_TRUE(gilloc_large_put(block));
}

/* Takes blocks until one lies right behind `block`, which then cannot grow in place; returns how many. */
static unsigned wall_in(const char *block, void *walls[MAX_WALLS])
{
  for (unsigned i = 0; i < MAX_WALLS; i++) {
    walls[i] = gilloc_large_take(TEST_PAGE, 16);
    if (walls[i] == block + gilloc_large_usable(block))
      return i + 1;
  }
  return MAX_WALLS;
}

static char *resize_walled_in(char *block, size_t size)
{
  void *walls[MAX_WALLS];
  unsigned count = wall_in(block, walls);
  char *resized = gilloc_large_resize(block, size);
  while (count > 0)
    EXPECT_TRUE(gilloc_large_put(walls[--count]));
  return resized;
}

/* `advice` makes the kernel refuse to move the block as one; or none. */
static void expect_growth_elsewhere(int advice)
{
  char *block = gilloc_large_take(4 * BIG, 16);
  fill(block, 4 * BIG, 1);
  if (advice >= 0)
    EXPECT_EQ(madvise(block + TEST_PAGE, TEST_PAGE, advice), 0);
  char *resized = resize_walled_in(block, 64 * BIG);
  EXPECT_NOT_NULL(resized);
  EXPECT_PTR_NE(resized, block);
  EXPECT_TRUE(gilloc_large_usable(resized) >= 64 * BIG);
  EXPECT_TRUE(is_filled(resized, 4 * BIG, 1));
  EXPECT_EQ(gilloc_large_usable(block), 0);
  EXPECT_TRUE(gilloc_page_heap_is_consistent());
  EXPECT_TRUE(gilloc_large_put(resized));
}

static void test_block_that_cannot_grow_is_moved(void **state)
{
  (void)state;
  expect_growth_elsewhere(-1);
}

static void test_block_that_cannot_be_moved_is_copied(void **state)
{
  (void)state;
  expect_growth_elsewhere(MADV_DONTDUMP);
}

static void test_block_grows_into_free_pages_behind_it(void **state)
{
  (void)state;
  char *block = gilloc_large_take(8 * BIG, 16);
  fill(block, 2 * BIG, 3);
  EXPECT_PTR_EQ(gilloc_large_resize(block, 2 * BIG), block);
  EXPECT_EQ(gilloc_large_usable(block), 2 * BIG);
  EXPECT_PTR_EQ(gilloc_large_resize(block, 8 * BIG), block);
  EXPECT_EQ(gilloc_large_usable(block), 8 * BIG);
  EXPECT_TRUE(is_filled(block, 2 * BIG, 3));
  EXPECT_TRUE(gilloc_large_put(block));
}

static void test_hard_limit_refuses_blocks_and_growth(void **state)
{
  (void)state;
  gilloc_purge_all();
  char *block = gilloc_large_take(4 * BIG, 16);
  fill(block, 4 * BIG, 1);
  gilloc_os_set_limits(0, gilloc_os_counts().charged + 8 * BIG);
  EXPECT_NULL(gilloc_large_take(9 * BIG, 16));
  EXPECT_NULL(gilloc_large_take_zeroed(9 * BIG));
  EXPECT_NULL(gilloc_large_resize(block, 64 * BIG));
  EXPECT_TRUE(is_filled(block, 4 * BIG, 1));
  for (unsigned i = 0; i < 20; i++) { /* what is free does not count against it */
    char *other = gilloc_large_take((1 + i % 8) * BIG, 16);
    EXPECT_NOT_NULL(other);
    EXPECT_TRUE(gilloc_large_put(other));
  }
  gilloc_os_set_limits(0, 0);
  EXPECT_TRUE(gilloc_large_put(block));
}

static void test_soft_limit_purges_before_more_is_taken(void **state)
{
  (void)state;
  char *block = gilloc_large_take(16 * BIG, 16);
  memset(block, 1, 16 * BIG);
  gilloc_large_put(block);
  gilloc_os_set_limits(gilloc_os_counts().charged - BIG, 0);
  EXPECT_TRUE(gilloc_os_is_over_soft_limit());
  block = gilloc_large_take(BIG, 16);
  EXPECT_NOT_NULL(block);
  EXPECT_EQ(gilloc_page_heap_purgeable(), 0);
  EXPECT_FALSE(gilloc_os_is_over_soft_limit());
  gilloc_os_set_limits(0, 0);
  EXPECT_TRUE(gilloc_large_put(block));
}

/* Growth between other blocks, so that it has to move. */
static void test_block_that_moved_is_found_at_its_new_address_alone(void **state)
{
  (void)state;
  char *blocks[8];
  for (unsigned i = 0; i < 8; i++)
    blocks[i] = gilloc_large_take(BIG, 16);
  for (unsigned i = 0; i < 8; i++) {
    char *moved = gilloc_large_resize(blocks[i], 3 * BIG);
    EXPECT_TRUE(gilloc_large_usable(moved) >= 3 * BIG);
    if (moved != blocks[i])
      EXPECT_EQ(gilloc_large_usable(blocks[i]), 0);
    blocks[i] = moved;
  }
  for (unsigned i = 0; i < 8; i++)
    EXPECT_TRUE(gilloc_large_put(blocks[i]));
  EXPECT_EQ(gilloc_large_counts().blocks, 0);
}

static void test_resize_that_fails_leaves_the_block(void **state)
{
  (void)state;
  char *block = gilloc_large_take(BIG, 16);
  size_t usable = gilloc_large_usable(block);
  fill(block, BIG, 1);
  EXPECT_NULL(gilloc_large_resize(block, (size_t)1 << 50));
  EXPECT_EQ(gilloc_large_usable(block), usable);
  EXPECT_TRUE(is_filled(block, BIG, 1));
  gilloc_large_put(block);
}

static void test_counts_follow_the_blocks(void **state)
{
  (void)state;
  struct gilloc_large_counts before = gilloc_large_counts();
  void *a = gilloc_large_take(BIG, 16), *b = gilloc_large_take(40000, 16);
  EXPECT_EQ(gilloc_large_counts().blocks, before.blocks + 2);
  EXPECT_TRUE(gilloc_large_counts().bytes >= before.bytes + BIG + 40000);
  a = gilloc_large_resize(a, 2 * BIG);
  EXPECT_EQ(gilloc_large_counts().blocks, before.blocks + 2);
  EXPECT_TRUE(gilloc_large_counts().bytes >= before.bytes + 2 * BIG + 40000);
  gilloc_large_put(a);
  gilloc_large_put(b);
  EXPECT_EQ(gilloc_large_counts().blocks, before.blocks);
  EXPECT_EQ(gilloc_large_counts().bytes, before.bytes);
}

static unsigned *stamped(unsigned *block, unsigned stamp)
{
  COUNT_UNLESS(block);
  block[0] = stamp;
  block[40000 / sizeof stamp - 1] = stamp;
  return block;
}

static bool has_stamp(const unsigned *block, unsigned stamp)
{
  return block[0] == stamp && block[40000 / sizeof stamp - 1] == stamp;
}

static void *use_large_blocks(void *number)
{
  unsigned *blocks[16], stamp = (unsigned)(uintptr_t)number + 1;
  struct test_random random = {seed + stamp};
  gilloc_thread_attach();
  for (unsigned i = 0; i < 16; i++)
    blocks[i] = stamped(gilloc_large_take(40000, 16), stamp);
  for (unsigned step = 0; step < 400 / TEST_DIVISOR; step++) {
    unsigned i = random_below(&random, 16);
    COUNT_UNLESS(has_stamp(blocks[i], stamp));
    if (random_below(&random, 2)) {
      blocks[i] = gilloc_large_resize(blocks[i], 40000 + random_below(&random, 400000));
      COUNT_UNLESS(has_stamp(blocks[i], stamp));
    } else {
      COUNT_UNLESS(gilloc_large_put(blocks[i]));
      blocks[i] = stamped(gilloc_large_take(40000, 16), stamp);
    }
    gilloc_checkpoint();
  }
  for (unsigned i = 0; i < 16; i++)
    COUNT_UNLESS(gilloc_large_put(blocks[i]));
  gilloc_thread_detach();
  return NULL;
}

static void test_threads_share_nothing_and_lose_nothing(void **state)
{
  (void)state;
  if (GILLOC_STRATEGY == GILLOC_STRATEGY_NONE)
    skip();
  size_t before = gilloc_large_counts().blocks;
  run_threads(4, use_large_blocks);
  EXPECT_EQ(test_failures, 0);
  EXPECT_EQ(gilloc_large_counts().blocks, before);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_zeroed_block_is_zero_page_aligned_and_all_usable),
      cmocka_unit_test(test_block_lies_at_any_alignment),
      cmocka_unit_test(test_impossible_blocks_are_null),
      cmocka_unit_test(test_memory_put_back_is_taken_again),
      cmocka_unit_test(test_zeroed_block_of_dirty_pages_is_zero),
      cmocka_unit_test(test_block_put_back_is_no_longer_one),
      cmocka_unit_test(test_only_the_first_address_is_the_block),
      cmocka_unit_test(test_addresses_of_others_are_no_blocks),
      cmocka_unit_test(test_resize_keeps_contents),
      cmocka_unit_test(test_block_that_cannot_grow_is_moved),
      cmocka_unit_test(test_block_that_cannot_be_moved_is_copied),
      cmocka_unit_test(test_block_grows_into_free_pages_behind_it),
      cmocka_unit_test(test_hard_limit_refuses_blocks_and_growth),
      cmocka_unit_test(test_soft_limit_purges_before_more_is_taken),
      cmocka_unit_test(test_block_that_moved_is_found_at_its_new_address_alone),
      cmocka_unit_test(test_resize_that_fails_leaves_the_block),
      cmocka_unit_test(test_counts_follow_the_blocks),
      cmocka_unit_test(test_threads_share_nothing_and_lose_nothing),
  };
  seed = test_seed(argc, argv);
  return cmocka_run_group_tests(tests, hold_gil, drop_gil);
}
