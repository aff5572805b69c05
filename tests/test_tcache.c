/* flavours: fine fine-mcs fine-slow fine-classic fine-py311 */
/* SPDX-License-Identifier: MIT
 *
 * test_tcache.c: a thread's cache, seen by its thread: order, bounds, keys, flushes.
 */
#include "tcache_use.h"

#include "arena_map.h"

#include <gilloc/gilloc.h>

enum { ABORTED = 128 + SIGABRT };

static uint64_t seed;

static void test_refill_returns_a_live_block_of_the_class(void **state)
{
  (void)state;
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++) {
    struct gilloc_block *block = gilloc_tcache_refill(c);
    EXPECT_EQ(gilloc_arena_map_code(gilloc_arena_map_find(block)), c + 1);
    EXPECT_FALSE(has_key(c) && gilloc_block_is_cached(block));
    EXPECT_FALSE(gilloc_tcache_has(c, block));
    put(c, block);
  }
}

static void test_block_freed_last_is_handed_out_first(void **state)
{
  (void)state;
  skip_where_nothing_is_cached();
  struct gilloc_block *a = take(CLASS), *b = take(CLASS);
  put(CLASS, a);
  put(CLASS, b);
  EXPECT_PTR_EQ(take(CLASS), b);
  EXPECT_PTR_EQ(take(CLASS), a);
  put(CLASS, a);
  put(CLASS, b);
}

/* Through widened magazines, spares and the depot. */
static void test_blocks_freed_last_are_handed_out_first_however_many(void **state)
{
  static struct gilloc_block *blocks[MANY];
  (void)state;
  skip_where_nothing_is_cached();
  for (unsigned count = 1; count <= MANY; count = 2 * count + 7) {
    take_all(CLASS, blocks, count);
    flush_all();
    put_all(CLASS, blocks, count);
    for (unsigned i = count; i-- > 0;)
      EXPECT_PTR_EQ(take(CLASS), blocks[i]);
    put_all(CLASS, blocks, count);
  }
}

static void test_code_of_no_class_is_always_empty_and_full(void **state)
{
  (void)state;
  skip_where_nothing_is_cached();
  struct gilloc_block *block = take(CLASS);
  for (unsigned i = 0; i < 100; i++) {
    EXPECT_NULL(gilloc_tcache_pop(0));
    EXPECT_FALSE(gilloc_tcache_push(0, block));
  }
  put(CLASS, block);
  EXPECT_NULL(gilloc_tcache_pop(0));
}

static void test_classes_not_used_yet_are_empty_and_full(void **state)
{
  (void)state;
  skip_where_nothing_is_cached();
  put(CLASS, take(CLASS));
  for (unsigned code = 0; code <= GILLOC_CLASS_COUNT; code++)
    if (gilloc_tcache_self.tops[code] == gilloc_tcache_self.tops[0])
      EXPECT_NULL(gilloc_tcache_pop(code));
}

static void test_request_for_no_bytes_is_served(void **state)
{
  (void)state;
  void *blocks[100];
  for (unsigned i = 0; i < 100; i++) {
    blocks[i] = gilloc_malloc(0);
    EXPECT_NOT_NULL(blocks[i]);
    for (unsigned j = 0; j < i; j++)
      EXPECT_PTR_NE(blocks[i], blocks[j]);
  }
  for (unsigned i = 0; i < 100; i++)
    gilloc_free(blocks[i]);
}

static void test_miss_fetches_several_blocks(void **state)
{
  (void)state;
  skip_where_nothing_is_cached();
  flush_all();
  struct gilloc_block *block = take(CLASS);
  EXPECT_TRUE(gilloc_tcache_bytes() > 0);
  put(CLASS, block);
}

static void test_flush_gives_everything_to_the_centre(void **state)
{
  (void)state;
  struct gilloc_block *blocks[200];
  take_all(CLASS, blocks, 200);
  put_all(CLASS, blocks, 200);
  size_t cached = gilloc_tcache_bytes();
  EXPECT_EQ(gilloc_tcache_flush(), cached);
  EXPECT_EQ(gilloc_tcache_bytes(), 0);
  gilloc_depot_drain_all();
  EXPECT_TRUE(nothing_is_in_use());
}

static void test_cache_works_after_a_flush(void **state)
{
  (void)state;
  put(CLASS, take(CLASS));
  flush_all();
  struct gilloc_block *block = take(CLASS);
  EXPECT_NOT_NULL(block);
  put(CLASS, block);
  check_magazines();
  EXPECT_EQ(test_failures, 0);
}

static void test_capacities_grow_with_demand_to_the_magazines_bound(void **state)
{
  static struct gilloc_block *blocks[MANY];
  (void)state;
  skip_where_nothing_is_cached();
  put(CLASS, take(CLASS));
  uint32_t before = loaded(CLASS)->capacity;
  for (unsigned round = 0; round < 20; round++) {
    take_all(CLASS, blocks, MANY);
    put_all(CLASS, blocks, MANY);
    check_magazines();
  }
  EXPECT_TRUE(loaded(CLASS)->capacity >= before);
  EXPECT_EQ(loaded(CLASS)->capacity, GILLOC_MAGAZINE_SLOTS);
  EXPECT_EQ(test_failures, 0);
}

/* Every class at once asks for all it can get. */
static void *use_all_classes(void *unused)
{
  static _Thread_local struct gilloc_block *blocks[MANY];
  (void)unused;
  for (unsigned round = 0; round < 6; round++)
    for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++) {
      unsigned count = count_of(c, (size_t)1 << 18);
      take_all(c, blocks, count);
      put_all(c, blocks, count);
      check_magazines();
    }
  return NULL;
}

static void test_cache_stays_within_its_bytes_for_all_classes_together(void **state)
{
  (void)state;
  use_all_classes(NULL);
  EXPECT_EQ(test_failures, 0);
}

static const unsigned medium = GILLOC_LINEAR_CLASSES; /* where the geometry has any */

/* A class to LINEAR_MAX after the other, and then one above: its magazines' growth is its own. */
static void *grow_small_classes_first(void *unused)
{
  static struct gilloc_block *blocks[MANY];
  for (unsigned c = 0; c <= medium; c++)
    for (unsigned round = 0; round < 20; round++) {
      unsigned count = count_of(c, (size_t)1 << 18);
      take_all(c, blocks, count);
      put_all(c, blocks, count);
    }
  check_magazines();
  COUNT_UNLESS(capacity_bytes(medium) > GILLOC_TCACHE_MAGAZINE_BYTES);
  return unused;
}

static void test_medium_class_grows_though_small_ones_have_grown(void **state)
{
  (void)state;
  skip_where_nothing_is_cached();
  if (medium >= GILLOC_CLASS_COUNT)
    skip();
  run_threads(1, grow_small_classes_first);
  EXPECT_EQ(test_failures, 0);
}

static void test_no_block_is_cached_twice(void **state)
{
  static struct gilloc_block *blocks[MANY];
  struct test_random random = {seed};
  unsigned count = 0;
  (void)state;
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

/* ---- keys ---- */

static void test_cached_blocks_carry_a_magazines_key_and_live_ones_none(void **state)
{
  struct gilloc_block *blocks[300];
  (void)state;
  skip_where_nothing_is_cached();
  for (unsigned c = has_key(0) ? 0 : 1; c < GILLOC_CLASS_COUNT; c += 7) {
    unsigned count = (unsigned)(GILLOC_DEPOT_CLASS_BYTES / 2 / gilloc_size_class_bytes(c));
    count = count < 300 ? count : 300;
    take_all(c, blocks, count);
    for (unsigned i = 0; i < count; i++)
      EXPECT_FALSE(gilloc_block_is_cached(blocks[i]) || gilloc_block_is_free(blocks[i]));
    put_all(c, blocks, count);
    for (unsigned i = 0; i < count; i++)
      EXPECT_TRUE(gilloc_block_is_cached(blocks[i]));
  }
}

static void test_blocks_of_one_word_keep_what_was_in_them(void **state)
{
  (void)state;
  if (has_key(0))
    skip();
  uint64_t *a = gilloc_malloc(8), *b = gilloc_malloc(8);
  *a = 1;
  *b = 2;
  gilloc_free(a);
  EXPECT_EQ(*b, 2);
  EXPECT_PTR_EQ(gilloc_malloc(8), a);
  EXPECT_EQ(*b, 2);
  gilloc_free(a);
  gilloc_free(b);
}

static void test_cache_has_what_is_loaded_spare_or_in_the_depot(void **state)
{
  static struct gilloc_block *blocks[MANY];
  (void)state;
  skip_where_nothing_is_cached();
  take_all(CLASS, blocks, MANY);
  struct gilloc_block *live = blocks[MANY / 2];
  blocks[MANY / 2] = take(CLASS);
  put_all(CLASS, blocks, MANY);
  for (unsigned i = GILLOC_DEBUG ? 0 : MANY - 60; i < MANY; i += 7) /* the depot does not look far */
    EXPECT_TRUE(gilloc_tcache_has(CLASS, blocks[i]));
  /* or each live block that looks like a free one would cost its free a walk over megabytes */
  EXPECT_EQ(gilloc_tcache_has(CLASS, blocks[0]), GILLOC_DEBUG);
  EXPECT_FALSE(gilloc_tcache_has(CLASS, live));
  EXPECT_FALSE(gilloc_tcache_has(CLASS + 1, blocks[0]));
  put(CLASS, live);
}

/* A live block may hold its own address where its key would be: a list's head that is alone. */
static void test_live_block_that_points_at_itself_can_be_used_and_freed(void **state)
{
  struct gilloc_block *blocks[100];
  (void)state;
  for (unsigned round = 0; round < 3; round++) {
    for (unsigned i = 0; i < 100; i++) {
      blocks[i] = gilloc_malloc(48);
      blocks[i]->next = blocks[i];
      blocks[i]->key = (uintptr_t)blocks[i];
      EXPECT_TRUE(gilloc_usable_size(blocks[i]) >= 48);
      blocks[i] = gilloc_realloc(blocks[i], 100);
      blocks[i]->key = (uintptr_t)blocks[i];
    }
    for (unsigned i = 0; i < 100; i++)
      gilloc_free(blocks[i]);
  }
}

/* How `body` ends in a child: 0, or 128 and the signal. */
static int end_of(void (*body)(void))
{
  int status = threads_fork(body);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static struct gilloc_block *twice[2];

static void put_twice_and_check(void)
{
  put_all(CLASS, twice, 2);
  put(CLASS, twice[0]);
  gilloc_tcache_check();
}

static void put_twice_and_take(void)
{
  put_all(CLASS, twice, 2);
  put(CLASS, twice[0]);
  take(CLASS);
  take(CLASS);
  take(CLASS);
}

static void put_and_write_and_take(void)
{
  put(CLASS, twice[0]);
  twice[0]->key = 42;
  take(CLASS);
}

static void put_and_check(void)
{
  put_all(CLASS, twice, 2);
  gilloc_tcache_check();
}

static void test_block_cached_twice_or_written_to_is_told(void **state)
{
  (void)state;
  skip_where_nothing_is_cached();
  twice[0] = take(CLASS);
  twice[1] = take(CLASS);
  EXPECT_EQ(end_of(put_twice_and_check), ABORTED);
  EXPECT_EQ(end_of(put_twice_and_take), ABORTED);
  EXPECT_EQ(end_of(put_and_write_and_take), ABORTED);
  EXPECT_EQ(end_of(put_and_check), 0);
  put_all(CLASS, twice, 2);
}

/* ---- errno ---- */

static void test_successful_calls_leave_errno_alone(void **state)
{
  static void *blocks[3000];
  (void)state;
  errno = 77;
  for (unsigned round = 0; round < 3; round++) {
    for (unsigned i = 0; i < 3000; i++)
      blocks[i] = gilloc_malloc(i % 3 == 0 ? 4000 : i % 500);
    for (unsigned i = 0; i < 3000; i++)
      gilloc_free(blocks[i]);
    EXPECT_EQ(errno, 77);
    flush_all();
  }
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
  EXPECT_EQ(gilloc_depot_bytes(), 0);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      TCACHE_TEST(test_refill_returns_a_live_block_of_the_class),
      TCACHE_TEST(test_block_freed_last_is_handed_out_first),
      TCACHE_TEST(test_blocks_freed_last_are_handed_out_first_however_many),
      TCACHE_TEST(test_code_of_no_class_is_always_empty_and_full),
      TCACHE_TEST(test_classes_not_used_yet_are_empty_and_full),
      TCACHE_TEST(test_request_for_no_bytes_is_served),
      TCACHE_TEST(test_miss_fetches_several_blocks),
      TCACHE_TEST(test_flush_gives_everything_to_the_centre),
      TCACHE_TEST(test_cache_works_after_a_flush),
      TCACHE_TEST(test_capacities_grow_with_demand_to_the_magazines_bound),
      TCACHE_TEST(test_cache_stays_within_its_bytes_for_all_classes_together),
      TCACHE_TEST(test_medium_class_grows_though_small_ones_have_grown),
      TCACHE_TEST(test_no_block_is_cached_twice),
      TCACHE_TEST(test_cached_blocks_carry_a_magazines_key_and_live_ones_none),
      TCACHE_TEST(test_blocks_of_one_word_keep_what_was_in_them),
      TCACHE_TEST(test_cache_has_what_is_loaded_spare_or_in_the_depot),
      TCACHE_TEST(test_live_block_that_points_at_itself_can_be_used_and_freed),
      TCACHE_TEST(test_block_cached_twice_or_written_to_is_told),
      TCACHE_TEST(test_successful_calls_leave_errno_alone),
      TCACHE_TEST(test_slow_build_serves_nothing_from_the_cache),
  };
  seed = test_seed(argc, argv);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
