/* flavours: none none-classic none-py39 none-py311 */
/* SPDX-License-Identifier: MIT
 *
 * test_pool.c: one pool on memory of the test: order of blocks, untouched memory, bounds, lists.
 */
#include "expect.h"
#include "fixture.h"

#include "pool.h"

enum { PATTERN = 0xa5 };

static uint64_t seed;
static char *memory; /* GILLOC_POOL_SIZE bytes, a pool's place */
static struct gilloc_pool *pool;
static struct gilloc_block *taken[GILLOC_POOL_SIZE / 8];

/* A pool that was never used, its memory full of PATTERN. */
static int new_pool(void **state)
{
  (void)state;
  static struct gilloc_pool header;
  memory = aligned_alloc(GILLOC_POOL_SIZE, GILLOC_POOL_SIZE);
  memset(memory, PATTERN, GILLOC_POOL_SIZE);
  pool = GILLOC_POOL_HEADER_INLINE ? (struct gilloc_pool *)(void *)memory : &header;
  memset(pool, 0, sizeof *pool);
  pool->size_class = (uint32_t)GILLOC_POOL_NO_CLASS;
  return 0;
}

static int free_pool(void **state)
{
  (void)state;
  free(memory);
  return 0;
}

static struct gilloc_block *take(void)
{
  struct gilloc_block *block = gilloc_pool_take(pool, gilloc_size_class_bytes(pool->size_class));
  if (gilloc_block_has_key(gilloc_size_class_bytes(pool->size_class)))
    gilloc_block_mark_free(block);
  return block;
}

static unsigned take_all(unsigned size_class)
{
  unsigned count = 0;
  gilloc_pool_init(pool, memory, size_class);
  while (!gilloc_pool_is_full(pool))
    taken[count++] = take();
  return count;
}

static void test_blocks_are_carved_in_ascending_order(void **state)
{
  (void)state;
  gilloc_pool_init(pool, memory, 3);
  for (unsigned i = 0; i < gilloc_pool_blocks(3); i++)
    EXPECT_PTR_EQ((char *)take(), memory + GILLOC_POOL_FIRST_BLOCK + i * gilloc_size_class_bytes(3));
}

static void test_pool_hands_out_last_freed_block_first(void **state)
{
  (void)state;
  gilloc_pool_init(pool, memory, 2);
  struct gilloc_block *a = take(), *b = take(), *c = take();
  gilloc_pool_put(pool, b);
  gilloc_pool_put(pool, a);
  gilloc_pool_put(pool, c);
  EXPECT_PTR_EQ(take(), c);
  EXPECT_PTR_EQ(take(), a);
  EXPECT_PTR_EQ(take(), b);
}

static void test_freed_blocks_go_out_before_untouched_ones(void **state)
{
  (void)state;
  gilloc_pool_init(pool, memory, 0);
  struct gilloc_block *a = take();
  take();
  gilloc_pool_put(pool, a);
  EXPECT_PTR_EQ(take(), a);
}

static void test_every_class_fills_its_pool(void **state)
{
  (void)state;
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++) {
    size_t wanted = (GILLOC_POOL_SIZE - GILLOC_POOL_FIRST_BLOCK) / gilloc_size_class_bytes(c);
    EXPECT_EQ(take_all(c), wanted);
    EXPECT_EQ(gilloc_pool_blocks(c), wanted);
    EXPECT_TRUE((char *)taken[wanted - 1] + gilloc_size_class_bytes(c) <= memory + GILLOC_POOL_SIZE);
  }
}

/* CPython's own numbers. */
static void test_cpython_pools_hold_as_many_blocks_as_cpythons(void **state)
{
  (void)state;
  static const unsigned py39[] = {253, 126, 84, 63, 50, 42, 36, 31, 28, 25, 23, 21, 19, 18, 16, 15,
                                  14,  14,  13, 12, 12, 11, 11, 10, 10, 9,  9,  9,  8,  8,  8,  7};
  static const unsigned py311[] = {1021, 510, 340, 255, 204, 170, 145, 127, 113, 102, 92, 85, 78, 72, 68, 63,
                                   60,   56,  53,  51,  48,  46,  44,  42,  40,  39,  37, 36, 35, 34, 32, 31};
  if (!GILLOC_POOL_HEADER_INLINE || GILLOC_ALIGNMENT != 16)
    skip();
  const unsigned *wanted = GILLOC_POOL_SIZE == 4096 ? py39 : py311;
  EXPECT_EQ(GILLOC_CLASS_COUNT, 32);
  for (unsigned c = 0; c < 32; c++)
    EXPECT_EQ(gilloc_pool_blocks(c), wanted[c]);
}

static void test_untouched_memory_stays_untouched(void **state)
{
  (void)state;
  gilloc_pool_init(pool, memory, 1);
  for (unsigned i = 0; i < 5; i++)
    memset(take(), 0, gilloc_size_class_bytes(1));
  size_t used = GILLOC_POOL_FIRST_BLOCK + 5 * gilloc_size_class_bytes(1);
  for (size_t i = used; i < GILLOC_POOL_SIZE; i++)
    EXPECT_EQ((unsigned char)memory[i], PATTERN);
}

static void test_pool_of_the_same_class_keeps_its_free_list(void **state)
{
  (void)state;
  gilloc_pool_init(pool, memory, 4);
  struct gilloc_block *a = take(), *b = take();
  gilloc_pool_put(pool, a);
  gilloc_pool_put(pool, b);
  gilloc_pool_init(pool, memory, 4);
  EXPECT_PTR_EQ(take(), b);
  EXPECT_PTR_EQ(take(), a);
  EXPECT_EQ(pool->live, 2);
}

static void test_pool_of_another_class_starts_untouched(void **state)
{
  (void)state;
  unsigned count = take_all(4);
  while (count)
    gilloc_pool_put(pool, taken[--count]);
  gilloc_pool_init(pool, memory, 5);
  EXPECT_EQ(pool->live, 0);
  EXPECT_PTR_EQ((char *)take(), memory + GILLOC_POOL_FIRST_BLOCK);
  EXPECT_PTR_EQ((char *)take(), memory + GILLOC_POOL_FIRST_BLOCK + gilloc_size_class_bytes(5));
}

static void test_pool_is_full_at_its_last_block_and_no_longer_after_a_put(void **state)
{
  (void)state;
  gilloc_pool_init(pool, memory, 6);
  for (unsigned i = 0; i < gilloc_pool_blocks(6); i++) {
    EXPECT_FALSE(gilloc_pool_is_full(pool));
    taken[i] = take();
  }
  EXPECT_TRUE(gilloc_pool_is_full(pool));
  gilloc_pool_put(pool, taken[1]);
  EXPECT_FALSE(gilloc_pool_is_full(pool));
}

static void test_has_block_is_true_for_blocks_handed_out_alone(void **state)
{
  (void)state;
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c += 5) {
    size_t bytes = gilloc_size_class_bytes(c), carved = gilloc_pool_blocks(c) / 2;
    gilloc_pool_init(pool, memory, c);
    for (size_t i = 0; i < carved; i++)
      take();
    for (size_t at = 0; at < GILLOC_POOL_SIZE; at++) {
      size_t offset = at - GILLOC_POOL_FIRST_BLOCK; /* wraps in the header */
      bool wanted = offset % bytes == 0 && offset / bytes < carved;
      if (gilloc_pool_has_block(pool, memory + at) != wanted)
        fail_msg("class %u, %zu bytes into the pool", c, at);
    }
  }
}

static void test_has_block_is_true_for_freed_blocks_too(void **state)
{
  (void)state;
  gilloc_pool_init(pool, memory, 0);
  struct gilloc_block *a = take();
  gilloc_pool_put(pool, a);
  EXPECT_TRUE(gilloc_pool_has_block(pool, a));
}

static void test_pool_stays_consistent_through_random_use(void **state)
{
  (void)state;
  struct test_random random = {seed};
  unsigned live = 0;
  gilloc_pool_init(pool, memory, 7);
  for (unsigned step = 0; step < 3000; step++) {
    if (!gilloc_pool_is_full(pool) && (live == 0 || random_below(&random, 2))) {
      taken[live++] = take();
    } else {
      unsigned i = random_below(&random, live);
      gilloc_pool_put(pool, taken[i]);
      taken[i] = taken[--live];
    }
    EXPECT_EQ(pool->live, live);
    EXPECT_TRUE(gilloc_pool_is_consistent(pool));
  }
}

static void test_wrong_count_is_not_consistent(void **state)
{
  (void)state;
  gilloc_pool_init(pool, memory, 7);
  gilloc_pool_put(pool, take());
  pool->live++;
  EXPECT_FALSE(gilloc_pool_is_consistent(pool));
}

static void expect_list(struct gilloc_pool *front, struct gilloc_pool **wanted, unsigned count)
{
  struct gilloc_pool *prev = NULL;
  for (unsigned i = 0; i < count; i++) {
    EXPECT_PTR_EQ(front, wanted[i]);
    EXPECT_PTR_EQ(front->prev, prev);
    prev = front;
    front = front->next;
  }
  EXPECT_NULL(front);
}

static void test_list_pushes_to_the_front(void **state)
{
  (void)state;
  struct gilloc_pool a = {0}, b = {0}, c = {0}, *front = NULL;
  gilloc_pool_list_push(&front, &a);
  gilloc_pool_list_push(&front, &b);
  gilloc_pool_list_push(&front, &c);
  expect_list(front, (struct gilloc_pool *[]){&c, &b, &a}, 3);
}

static void test_list_removes_anywhere(void **state)
{
  (void)state;
  struct gilloc_pool a = {0}, b = {0}, c = {0}, *front = NULL;
  gilloc_pool_list_push(&front, &a);
  gilloc_pool_list_push(&front, &b);
  gilloc_pool_list_push(&front, &c);
  gilloc_pool_list_remove(&front, &b);
  expect_list(front, (struct gilloc_pool *[]){&c, &a}, 2);
  gilloc_pool_list_remove(&front, &c);
  expect_list(front, (struct gilloc_pool *[]){&a}, 1);
  gilloc_pool_list_remove(&front, &a);
  EXPECT_NULL(front);
}

#define POOL_TEST(f) cmocka_unit_test_setup_teardown(f, new_pool, free_pool)

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      POOL_TEST(test_blocks_are_carved_in_ascending_order),
      POOL_TEST(test_pool_hands_out_last_freed_block_first),
      POOL_TEST(test_freed_blocks_go_out_before_untouched_ones),
      POOL_TEST(test_every_class_fills_its_pool),
      POOL_TEST(test_cpython_pools_hold_as_many_blocks_as_cpythons),
      POOL_TEST(test_untouched_memory_stays_untouched),
      POOL_TEST(test_pool_of_the_same_class_keeps_its_free_list),
      POOL_TEST(test_pool_of_another_class_starts_untouched),
      POOL_TEST(test_pool_is_full_at_its_last_block_and_no_longer_after_a_put),
      POOL_TEST(test_has_block_is_true_for_blocks_handed_out_alone),
      POOL_TEST(test_has_block_is_true_for_freed_blocks_too),
      POOL_TEST(test_pool_stays_consistent_through_random_use),
      POOL_TEST(test_wrong_count_is_not_consistent),
      cmocka_unit_test(test_list_pushes_to_the_front),
      cmocka_unit_test(test_list_removes_anywhere),
  };
  seed = test_seed(argc, argv);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
