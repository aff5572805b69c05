/* flavours: fine fine-mcs fine-slow fine-classic fine-py311 */
/* SPDX-License-Identifier: MIT
 *
 * test_tcache.c: a thread's cache: order, bounds, batches, flush at will and at the thread's end.
 */
#include "expect.h"
#include "fixture.h"

#include "arena.h"
#include "arena_map.h"
#include "central.h"
#include "size_class.h"
#include "tcache.h"

#include <gilloc/gilloc.h>

enum { CLASS = 3, MANY = 6000 };

static uint64_t seed;

static bool has_room(unsigned code)
{
  return gilloc_tcache_bin(code)->room > 0;
}

static uint32_t blocks_in(unsigned size_class)
{
  return (uint32_t)(gilloc_tcache_self->limits[size_class + 1] - gilloc_tcache_bin(size_class + 1)->room);
}

static int flush(void **state)
{
  (void)state;
  gilloc_tcache_flush();
  return 0;
}

/* What gilloc_malloc and gilloc_free do to the cache. */
static struct gilloc_block *take(unsigned size_class)
{
  struct gilloc_block *block = gilloc_tcache_pop(gilloc_tcache_bin(size_class + 1));
  return block ? block : gilloc_tcache_refill(size_class);
}

static void put(unsigned size_class, struct gilloc_block *block)
{
  struct gilloc_bin *bin = gilloc_tcache_bin(size_class + 1);
  if (gilloc_block_has_key(gilloc_size_class_bytes(size_class)))
    gilloc_block_mark_free(block);
  if (bin->room)
    gilloc_tcache_push(bin, block);
  else
    gilloc_tcache_put_slow(size_class, block);
}

/* The bytes of the limits of all bins; bins never hold more than their limit, nor other than they say. */
static size_t check_bins(void)
{
  size_t limits = 0, bytes = 0;
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++) {
    const struct gilloc_bin *bin = gilloc_tcache_bin(c + 1);
    unsigned length = 0;
    for (struct gilloc_block *block = bin->head; block; block = block->next)
      length++;
    COUNT_UNLESS(bin->room <= gilloc_tcache_self->limits[c + 1]);
    COUNT_UNLESS(length == blocks_in(c));
    limits += gilloc_tcache_self->limits[c + 1] * gilloc_size_class_bytes(c);
    bytes += length * gilloc_size_class_bytes(c);
  }
  COUNT_UNLESS(bytes == gilloc_tcache_bytes());
  COUNT_UNLESS(bytes <= GILLOC_TCACHE_BYTES_MAX);
  COUNT_UNLESS(limits <= GILLOC_TCACHE_BYTES_MAX);
  return limits;
}

static void *look_at_a_new_cache(void *unused)
{
  (void)unused;
  COUNT_UNLESS(gilloc_tcache_bytes() == 0);
  for (unsigned code = 0; code <= GILLOC_CLASS_COUNT; code++) {
    COUNT_UNLESS(gilloc_tcache_bin(code)->head == NULL);
    COUNT_UNLESS(!has_room(code));
  }
  return NULL;
}

static void test_thread_starts_on_an_empty_closed_cache(void **state)
{
  (void)state;
  run_threads(1, look_at_a_new_cache);
  EXPECT_EQ(test_failures, 0);
}

static void test_refill_returns_a_block_of_the_class(void **state)
{
  (void)state;
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++) {
    struct gilloc_block *block = gilloc_tcache_refill(c);
    EXPECT_EQ(gilloc_arena_map_code(gilloc_arena_map_find(block)), c + 1);
    gilloc_central_put(c, block);
  }
}

static void test_block_freed_last_is_handed_out_first(void **state)
{
  (void)state;
  if (GILLOC_SLOW_PATHS)
    skip();
  struct gilloc_block *a = take(CLASS), *b = take(CLASS);
  put(CLASS, a);
  put(CLASS, b);
  EXPECT_PTR_EQ(take(CLASS), b);
  EXPECT_PTR_EQ(take(CLASS), a);
  put(CLASS, a);
  put(CLASS, b);
}

static void test_first_bin_is_closed_for_ever(void **state)
{
  (void)state;
  put(CLASS, take(CLASS));
  EXPECT_NULL(gilloc_tcache_bin(0)->head);
  EXPECT_FALSE(has_room(0));
}

static void test_refill_fetches_a_batch(void **state)
{
  (void)state;
  if (GILLOC_SLOW_PATHS)
    skip();
  gilloc_tcache_flush();
  struct gilloc_block *block = take(CLASS);
  EXPECT_TRUE(gilloc_tcache_bytes() > 0);
  put(CLASS, block);
}

static void test_flush_gives_everything_to_the_centre(void **state)
{
  (void)state;
  struct gilloc_block *blocks[200];
  for (unsigned i = 0; i < 200; i++)
    blocks[i] = take(CLASS);
  for (unsigned i = 0; i < 200; i++)
    put(CLASS, blocks[i]);
  gilloc_tcache_flush();
  EXPECT_EQ(gilloc_tcache_bytes(), 0);
  EXPECT_EQ(gilloc_central_counts(CLASS).used_pools, 0);
  EXPECT_LE(gilloc_arena_counts().mapped_now, 1);
}

static void test_cache_works_after_a_flush(void **state)
{
  (void)state;
  put(CLASS, take(CLASS));
  gilloc_tcache_flush();
  struct gilloc_block *block = take(CLASS);
  EXPECT_NOT_NULL(block);
  put(CLASS, block);
  check_bins();
  EXPECT_EQ(test_failures, 0);
}

static void test_bins_never_exceed_their_limits(void **state)
{
  (void)state;
  static struct gilloc_block *blocks[MANY];
  for (unsigned i = 0; i < MANY; i++)
    blocks[i] = take(CLASS);
  for (unsigned i = 0; i < MANY; i++) {
    put(CLASS, blocks[i]);
    EXPECT_LE(blocks_in(CLASS), gilloc_tcache_self->limits[CLASS + 1]);
  }
  check_bins();
  EXPECT_EQ(test_failures, 0);
}

static void test_limits_grow_with_demand_to_the_bins_bound(void **state)
{
  (void)state;
  static struct gilloc_block *blocks[MANY];
  size_t bytes = gilloc_size_class_bytes(CLASS);
  if (GILLOC_SLOW_PATHS)
    skip();
  put(CLASS, take(CLASS));
  uint32_t before = gilloc_tcache_self->limits[CLASS + 1];
  for (unsigned round = 0; round < 50; round++) {
    for (unsigned i = 0; i < MANY; i++)
      blocks[i] = take(CLASS);
    for (unsigned i = 0; i < MANY; i++)
      put(CLASS, blocks[i]);
  }
  EXPECT_TRUE(gilloc_tcache_self->limits[CLASS + 1] >= before);
  EXPECT_TRUE(gilloc_tcache_self->limits[CLASS + 1] > GILLOC_TCACHE_START_BYTES / bytes);
  EXPECT_LE(gilloc_tcache_self->limits[CLASS + 1] * bytes, GILLOC_TCACHE_BIN_BYTES);
}

/* Every class at once asks for all it can get. */
static void test_cache_stays_within_its_bytes_for_all_classes_together(void **state)
{
  (void)state;
  static struct gilloc_block *blocks[MANY];
  for (unsigned round = 0; round < 6; round++)
    for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++) {
      unsigned count = (1U << 18) / (unsigned)gilloc_size_class_bytes(c);
      count = count < MANY ? count : MANY;
      for (unsigned i = 0; i < count; i++)
        blocks[i] = take(c);
      for (unsigned i = 0; i < count; i++)
        put(c, blocks[i]);
      EXPECT_LE(check_bins(), GILLOC_TCACHE_BYTES_MAX);
    }
  EXPECT_EQ(test_failures, 0);
}

static void test_no_block_is_cached_twice(void **state)
{
  (void)state;
  static struct gilloc_block *blocks[MANY];
  struct test_random random = {seed};
  unsigned count = 0;
  for (unsigned step = 0; step < 10 * MANY; step++) {
    if (count < MANY && (count == 0 || random_below(&random, 2))) {
      blocks[count] = take(CLASS);
      gilloc_block_mark_live(blocks[count]);
      blocks[count]->next = (struct gilloc_block *)(uintptr_t)count;
      count++;
    } else {
      struct gilloc_block *last = blocks[--count];
      EXPECT_EQ((uintptr_t)last->next, count);
      put(CLASS, last);
    }
  }
  while (count)
    put(CLASS, blocks[--count]);
}

static void *use_and_end(void *unused)
{
  static _Thread_local void *blocks[1000];
  (void)unused;
  for (unsigned i = 0; i < 1000; i++)
    blocks[i] = gilloc_malloc(i % 512 + 1);
  for (unsigned i = 0; i < 1000; i++)
    gilloc_free(blocks[i]);
  check_bins();
  return NULL;
}

static void test_ending_thread_gives_its_cache_to_the_centre(void **state)
{
  (void)state;
  gilloc_tcache_flush();
  run_threads(8, use_and_end);
  EXPECT_EQ(test_failures, 0);
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++)
    EXPECT_EQ(gilloc_central_counts(c).used_pools, 0);
  EXPECT_EQ(gilloc_arena_counts().mapped_now, GILLOC_ARENA_KEEPS_LAST);
}

/* Caches of threads that ended are used again: their number does not count. */
static void test_thousand_threads_one_after_the_other_leave_nothing(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 1000 / (GILLOC_TSAN ? 10 : 1); i++)
    run_threads(1, use_and_end);
  EXPECT_EQ(test_failures, 0);
  gilloc_tcache_flush();
  EXPECT_EQ(gilloc_arena_counts().mapped_now, GILLOC_ARENA_KEEPS_LAST);
}

static void test_slow_build_serves_nothing_from_the_cache(void **state)
{
  (void)state;
  if (!GILLOC_SLOW_PATHS)
    skip();
  void *blocks[100];
  for (unsigned i = 0; i < 100; i++)
    blocks[i] = gilloc_malloc(64);
  for (unsigned i = 0; i < 100; i++)
    gilloc_free(blocks[i]);
  EXPECT_EQ(gilloc_tcache_bytes(), 0);
}

#define TCACHE_TEST(f) cmocka_unit_test_teardown(f, flush)

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      TCACHE_TEST(test_thread_starts_on_an_empty_closed_cache),
      TCACHE_TEST(test_refill_returns_a_block_of_the_class),
      TCACHE_TEST(test_block_freed_last_is_handed_out_first),
      TCACHE_TEST(test_first_bin_is_closed_for_ever),
      TCACHE_TEST(test_refill_fetches_a_batch),
      TCACHE_TEST(test_flush_gives_everything_to_the_centre),
      TCACHE_TEST(test_cache_works_after_a_flush),
      TCACHE_TEST(test_bins_never_exceed_their_limits),
      TCACHE_TEST(test_limits_grow_with_demand_to_the_bins_bound),
      TCACHE_TEST(test_cache_stays_within_its_bytes_for_all_classes_together),
      TCACHE_TEST(test_no_block_is_cached_twice),
      TCACHE_TEST(test_ending_thread_gives_its_cache_to_the_centre),
      TCACHE_TEST(test_thousand_threads_one_after_the_other_leave_nothing),
      TCACHE_TEST(test_slow_build_serves_nothing_from_the_cache),
  };
  seed = test_seed(argc, argv);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
