/* flavours: fine fine-mcs fine-classic fine-py311 */
/* SPDX-License-Identifier: MIT
 *
 * test_depot_shards.c: what one shard of the depot gives to the threads of another, and what it keeps for its
 * own. Every test leaves depot and centres empty and has a class of its own, since shards remember.
 */
#include "depot_use.h"

enum { ONLY_FREED = 5, TAKEN_BACK, LEFT_OVER, STOPPED, BOUNDED, LARGEST = GILLOC_CLASS_COUNT - 1 };
enum { COUNT = 4, BLOCKS = 7 };

static void put_at(uint16_t home, unsigned size_class)
{
  struct gilloc_magazine *magazine = make(size_class, BLOCKS);
  magazine->home = home;
  put(magazine);
}

/* True where the threads of a home get a magazine, which is given up at once. */
static bool can_take(uint16_t home, unsigned size_class)
{
  struct gilloc_magazine *empty = make(size_class, 0);
  empty->home = home;
  struct gilloc_magazine *magazine = gilloc_depot_take(size_class, empty);
  if (!magazine)
    gilloc_depot_free_magazine(empty);
  discard(magazine);
  return magazine != NULL;
}

/* A home that takes back all that it put, and then puts as much again. */
static void take_and_put(uint16_t home, unsigned size_class)
{
  for (unsigned i = 0; i < COUNT; i++)
    put_at(home, size_class);
  for (unsigned i = 0; i < COUNT; i++)
    EXPECT_TRUE(can_take(home, size_class));
  for (unsigned i = 0; i < COUNT; i++)
    put_at(home, size_class);
}

static void test_shard_whose_threads_only_free_gives_all(void **state)
{
  (void)state;
  for (unsigned i = 0; i < COUNT; i++)
    put_at(1, ONLY_FREED);
  for (unsigned i = 0; i < COUNT; i++)
    EXPECT_TRUE(can_take(2, ONLY_FREED));
  EXPECT_FALSE(can_take(2, ONLY_FREED));
}

static void test_shard_keeps_what_its_threads_take_back(void **state)
{
  (void)state;
  take_and_put(1, TAKEN_BACK);
  EXPECT_FALSE(can_take(2, TAKEN_BACK));
  EXPECT_FALSE(can_take(0, TAKEN_BACK));
  EXPECT_TRUE(can_take(1, TAKEN_BACK));
}

static void test_shard_gives_what_its_threads_have_left(void **state)
{
  (void)state;
  for (unsigned i = 0; i < COUNT; i++)
    put_at(1, LEFT_OVER);
  EXPECT_TRUE(can_take(1, LEFT_OVER));
  for (unsigned i = 1; i < COUNT; i++)
    EXPECT_TRUE(can_take(2, LEFT_OVER));
  put_at(1, LEFT_OVER);
  EXPECT_FALSE(can_take(2, LEFT_OVER));
}

/* Those who ask in vain count too: nothing is kept for ever for threads that do nothing. */
static void test_shard_whose_threads_have_stopped_gives_all_in_the_end(void **state)
{
  (void)state;
  take_and_put(1, STOPPED);
  unsigned asked = 0, most = 2 * (GILLOC_DEPOT_PERIOD + 2 * COUNT) / GILLOC_DEPOT_REFUSED + 1;
  while (!can_take(2, STOPPED) && asked < most)
    asked++;
  EXPECT_TRUE(asked >= GILLOC_DEPOT_PERIOD / GILLOC_DEPOT_REFUSED && asked < most);
  for (unsigned i = 1; i < COUNT; i++)
    EXPECT_TRUE(can_take(2, STOPPED));
}

static void test_shard_keeps_no_large_blocks(void **state)
{
  (void)state;
  if (gilloc_size_class_bytes(LARGEST) <= GILLOC_LINEAR_MAX)
    skip();
  take_and_put(1, LARGEST);
  EXPECT_TRUE(can_take(2, LARGEST));
}

/* The bound of all together holds wherever the blocks lie: one shard that takes all it can get leaves the
 * others their share, and no more. */
static void test_shards_keep_to_one_bound_together(void **state)
{
  (void)state;
  enum { SHARE = 2, MOST = 2 * SHARE * GILLOC_DEPOT_SHARDS, OTHERS = (GILLOC_DEPOT_SHARDS - 1) * SHARE };
  size_t bytes = BLOCKS * gilloc_size_class_bytes(BOUNDED);
  gilloc_depot_set_max(MOST * bytes);
  for (unsigned i = 1; i <= 2 * MOST; i++) {
    put_at(0, BOUNDED);
    EXPECT_EQ(gilloc_depot_bytes(), (i < MOST - OTHERS ? i : MOST - OTHERS) * bytes);
  }
  for (unsigned i = 1; i <= 2 * MOST; i++) {
    put_at(1 + i % (GILLOC_DEPOT_SHARDS - 1), BOUNDED);
    EXPECT_EQ(gilloc_depot_bytes(), (MOST - OTHERS + (i < OTHERS ? i : OTHERS)) * bytes);
  }
  gilloc_depot_set_max(GILLOC_DEPOT_BYTES);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      DEPOT_TEST(test_shard_whose_threads_only_free_gives_all),
      DEPOT_TEST(test_shard_keeps_what_its_threads_take_back),
      DEPOT_TEST(test_shard_gives_what_its_threads_have_left),
      DEPOT_TEST(test_shard_whose_threads_have_stopped_gives_all_in_the_end),
      DEPOT_TEST(test_shard_keeps_no_large_blocks),
      DEPOT_TEST(test_shards_keep_to_one_bound_together),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
