/* flavours: none none-classic none-py39 none-py311 fine */
/* SPDX-License-Identifier: MIT
 *
 * test_batch.c: many blocks at a time out of a pool and back, on memory of the test: which go first, what is
 * left in the pool, what ends the process.
 */
#include "expect.h"
#include "fixture.h"

#include "batch.h"

enum { CLASS = 2, WANT = 12 };

static char *memory; /* GILLOC_POOL_SIZE bytes, a pool's place */
static struct gilloc_pool *pool;
static struct gilloc_block *slots[GILLOC_POOL_SIZE / 8];

static int new_pool(void **state)
{
  (void)state;
  static struct gilloc_pool header;
  memory = aligned_alloc(GILLOC_POOL_SIZE, GILLOC_POOL_SIZE);
  pool = GILLOC_POOL_HEADER_INLINE ? (struct gilloc_pool *)(void *)memory : &header;
  memset(pool, 0, sizeof *pool);
  pool->size_class = (uint32_t)GILLOC_POOL_NO_CLASS;
  gilloc_pool_init(pool, memory, CLASS);
  return 0;
}

static int free_pool(void **state)
{
  (void)state;
  free(memory);
  return 0;
}

static struct gilloc_block *block_at(unsigned index)
{
  char *block = memory + GILLOC_POOL_FIRST_BLOCK + index * gilloc_size_class_bytes(CLASS);
  return (struct gilloc_block *)(void *)block;
}

/* Into the slots from 0 on; the block to be used first stands last. */
static unsigned take(unsigned want)
{
  struct gilloc_batch batch = {.end = slots + want, .want = want};
  gilloc_batch_take_listed(&batch, pool);
  gilloc_batch_take_untouched(&batch, pool);
  gilloc_batch_fill(&batch, gilloc_size_class_bytes(CLASS));
  return batch.taken;
}

static void put(struct gilloc_block **blocks, unsigned count)
{
  struct gilloc_batch_run run = gilloc_batch_link(blocks, count, CLASS);
  EXPECT_EQ(run.count, count);
  gilloc_batch_put(blocks, run, pool);
  EXPECT_TRUE(gilloc_pool_is_consistent(pool));
}

static void test_untouched_blocks_go_out_in_ascending_order(void **state)
{
  (void)state;
  EXPECT_EQ(take(WANT), WANT);
  for (unsigned i = 0; i < WANT; i++) {
    EXPECT_PTR_EQ(slots[WANT - 1 - i], block_at(i));
    EXPECT_TRUE(gilloc_block_is_cached(block_at(i)));
  }
  EXPECT_EQ(pool->live, WANT);
}

static void test_batch_ends_with_the_pool(void **state)
{
  (void)state;
  unsigned all = gilloc_pool_blocks(CLASS);
  EXPECT_EQ(take(all + 1), all);
  EXPECT_TRUE(gilloc_pool_is_full(pool));
  put(slots + 1, all);
  EXPECT_EQ(pool->live, 0);
}

static void test_listed_blocks_go_out_in_the_order_of_single_takes(void **state)
{
  (void)state;
  struct gilloc_block *put_blocks[3];
  take(WANT);
  memcpy(put_blocks, slots, sizeof put_blocks);
  put(put_blocks, 3);
  EXPECT_EQ(take(3), 3);
  for (unsigned i = 0; i < 3; i++)
    EXPECT_PTR_EQ(slots[i], put_blocks[i]);
}

static void test_few_listed_blocks_stand_below_the_untouched(void **state)
{
  (void)state;
  take(WANT);
  struct gilloc_block *freed = slots[4];
  put(&freed, 1);
  EXPECT_EQ(take(3), 3);
  EXPECT_PTR_EQ(slots[0], freed);
  EXPECT_PTR_EQ(slots[1], block_at(WANT + 1));
  EXPECT_PTR_EQ(slots[2], block_at(WANT));
}

static void test_many_listed_blocks_stand_above_the_untouched(void **state)
{
  (void)state;
  take(WANT);
  put(slots, WANT);
  EXPECT_EQ(take(WANT + 2), WANT + 2);
  EXPECT_PTR_EQ(slots[0], block_at(WANT + 1));
  EXPECT_PTR_EQ(slots[1], block_at(WANT));
}

static void test_pool_is_pulled_without_a_change_to_it(void **state)
{
  (void)state;
  unsigned all = take(gilloc_pool_blocks(CLASS));
  EXPECT_FALSE(gilloc_pool_is_mostly_listed(pool));
  put(slots, all / 2 + 1);
  EXPECT_TRUE(gilloc_pool_is_mostly_listed(pool));
  char *before = malloc(GILLOC_POOL_SIZE);
  memcpy(before, memory, GILLOC_POOL_SIZE);
  gilloc_pool_pull(pool);
  EXPECT_EQ(memcmp(before, memory, GILLOC_POOL_SIZE), 0);
  free(before);
}

static void test_run_ends_where_the_next_block_is_of_another_pool(void **state)
{
  (void)state;
  static _Alignas(16) char other[64];
  take(2);
  struct gilloc_block *blocks[] = {slots[1], slots[0], (struct gilloc_block *)(void *)other};
  struct gilloc_batch_run run = gilloc_batch_link(blocks, 3, CLASS);
  EXPECT_EQ(run.count, 2);
  EXPECT_PTR_EQ(slots[0]->next, slots[1]);
  EXPECT_PTR_EQ(blocks[run.highest], slots[0]);
}

/* How a child that puts these ends. */
static int end_of_put(struct gilloc_block **blocks, unsigned count)
{
  pid_t child = fork();
  if (child == 0) {
    struct gilloc_batch_run run = gilloc_batch_link(blocks, count, CLASS);
    gilloc_batch_put(blocks, run, pool);
    _exit(0);
  }
  return wait_for_child(child);
}

static void test_block_that_is_put_twice_ends_the_process(void **state)
{
  (void)state;
  take(3);
  struct gilloc_block *twice[] = {slots[1], slots[1]};
  EXPECT_EQ(end_of_put(slots, 3), 0);
  EXPECT_EQ(end_of_put(twice, 2), 128 + SIGABRT);
}

static void test_block_that_was_never_handed_out_ends_the_process(void **state)
{
  (void)state;
  take(3);
  struct gilloc_block *blocks[] = {slots[1], block_at(3)};
  gilloc_block_mark_cached(blocks[1]);
  EXPECT_EQ(end_of_put(blocks, 2), 128 + SIGABRT);
}

static void test_address_within_a_block_ends_the_process(void **state)
{
  (void)state;
  take(3);
  struct gilloc_block *within = (struct gilloc_block *)(void *)((char *)slots[1] + 8);
  struct gilloc_block *blocks[] = {slots[2], within};
  gilloc_block_mark_cached(within);
  EXPECT_EQ(end_of_put(blocks, 2), 128 + SIGABRT);
}

static void test_more_blocks_than_are_live_end_the_process(void **state)
{
  (void)state;
  take(3);
  pool->live = 2;
  EXPECT_EQ(end_of_put(slots, 3), 128 + SIGABRT);
}

#define BATCH_TEST(f) cmocka_unit_test_setup_teardown(f, new_pool, free_pool)

int main(void)
{
  const struct CMUnitTest tests[] = {
      BATCH_TEST(test_untouched_blocks_go_out_in_ascending_order),
      BATCH_TEST(test_batch_ends_with_the_pool),
      BATCH_TEST(test_listed_blocks_go_out_in_the_order_of_single_takes),
      BATCH_TEST(test_few_listed_blocks_stand_below_the_untouched),
      BATCH_TEST(test_many_listed_blocks_stand_above_the_untouched),
      BATCH_TEST(test_pool_is_pulled_without_a_change_to_it),
      BATCH_TEST(test_run_ends_where_the_next_block_is_of_another_pool),
      BATCH_TEST(test_block_that_is_put_twice_ends_the_process),
      BATCH_TEST(test_block_that_was_never_handed_out_ends_the_process),
      BATCH_TEST(test_address_within_a_block_ends_the_process),
      BATCH_TEST(test_more_blocks_than_are_live_end_the_process),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
