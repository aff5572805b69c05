/* flavours: fine fine-mcs fine-classic fine-py311 */
/* SPDX-License-Identifier: MIT
 *
 * test_depot.c: the stocks of magazines: what goes in comes out, their bound, what drains and trims leave,
 * and what is told of a block that is there twice. Every test leaves depot and centres empty.
 */
#include "depot_use.h"
#include "fixture.h"

#include <gilloc/gilloc.h>

enum {
  CLASS = 5,
  LARGEST = GILLOC_CLASS_COUNT - 1,
  THREADS = 4,
  STEPS = 4000 / TEST_DIVISOR,
  CLASSES_SHARED = 3,
  FORKS = 20 / (GILLOC_TSAN ? 4 : 1),
  ABORTED = 128 + SIGABRT
};

static uint64_t seed;

static void test_depot_is_empty_at_first(void **state)
{
  (void)state;
  EXPECT_EQ(gilloc_depot_bytes(), 0);
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++)
    EXPECT_NULL(take(c));
}

static void test_new_magazines_are_aligned_and_used_again(void **state)
{
  (void)state;
  struct gilloc_magazine *magazines[100];
  for (unsigned i = 0; i < 100; i++) {
    magazines[i] = gilloc_depot_new_magazine();
    EXPECT_NOT_NULL(magazines[i]);
    EXPECT_ALIGNED(magazines[i], GILLOC_MAGAZINE_BYTES);
  }
  for (unsigned i = 0; i < 100; i++)
    gilloc_depot_free_magazine(magazines[i]);
  struct gilloc_magazine *again = gilloc_depot_new_magazine();
  EXPECT_PTR_EQ(again, magazines[99]);
  gilloc_depot_free_magazine(again);
}

static void test_magazine_put_is_taken_with_its_blocks(void **state)
{
  (void)state;
  struct gilloc_magazine *magazine = make(CLASS, 7);
  struct gilloc_block *blocks[7];
  memcpy(blocks, gilloc_magazine_bottom(magazine), sizeof blocks);
  EXPECT_NULL(gilloc_depot_put(CLASS, magazine));
  EXPECT_EQ(gilloc_depot_bytes(), 7 * gilloc_size_class_bytes(CLASS));
  EXPECT_PTR_EQ(take(CLASS), magazine);
  EXPECT_EQ(gilloc_depot_bytes(), 0);
  EXPECT_EQ(gilloc_magazine_count(magazine), 7);
  for (unsigned i = 0; i < 7; i++)
    EXPECT_PTR_EQ(gilloc_magazine_bottom(magazine)[i], blocks[i]);
  discard(magazine);
}

static void test_magazine_put_last_is_taken_first(void **state)
{
  (void)state;
  struct gilloc_magazine *one = make(CLASS, 2), *other = make(CLASS, 3);
  put(one);
  put(other);
  struct gilloc_magazine *first = take(CLASS), *second = take(CLASS);
  EXPECT_PTR_EQ(first, other);
  EXPECT_PTR_EQ(second, one);
  discard(first);
  discard(second);
}

static void test_classes_have_stocks_of_their_own(void **state)
{
  (void)state;
  put(make(CLASS, 2));
  EXPECT_NULL(take(CLASS + 1));
  EXPECT_NULL(take(CLASS - 1));
  discard(take(CLASS));
}

/* The magazine that went in for a full one is what the next put returns. */
static void test_put_returns_the_empty_magazine_that_a_take_left(void **state)
{
  (void)state;
  struct gilloc_magazine *empty = make(CLASS, 0);
  put(make(CLASS, 2));
  struct gilloc_magazine *taken = gilloc_depot_take(CLASS, empty);
  EXPECT_NOT_NULL(taken);
  EXPECT_PTR_EQ(gilloc_depot_put(CLASS, taken), empty);
  gilloc_depot_free_magazine(empty);
}

static void test_take_of_an_empty_stock_leaves_the_empty_magazine_to_the_caller(void **state)
{
  (void)state;
  struct gilloc_magazine *empty = make(CLASS, 0);
  EXPECT_NULL(gilloc_depot_take(CLASS, empty));
  put(make(CLASS, 1));
  struct gilloc_magazine *one = gilloc_depot_take(CLASS, empty);
  EXPECT_NOT_NULL(one);
  EXPECT_PTR_EQ(gilloc_depot_put(CLASS, one), empty);
  gilloc_depot_free_magazine(empty);
}

/* More than the bound goes through to the pools, and the magazine that held it comes back without blocks. */
static void test_stock_keeps_to_its_bytes_and_the_rest_goes_to_the_pools(void **state)
{
  (void)state;
  size_t bytes = gilloc_size_class_bytes(LARGEST), blocks = 0;
  struct gilloc_magazine *magazine, *returned;
  for (;;) {
    magazine = make(LARGEST, GILLOC_MAGAZINE_SLOTS);
    EXPECT_EQ(gilloc_magazine_count(magazine), GILLOC_MAGAZINE_SLOTS);
    returned = gilloc_depot_put(LARGEST, magazine);
    EXPECT_LE(gilloc_depot_bytes(), GILLOC_DEPOT_CLASS_BYTES);
    if (returned)
      break;
    blocks += GILLOC_MAGAZINE_SLOTS;
    EXPECT_EQ(gilloc_depot_bytes(), blocks * bytes);
  }
  EXPECT_PTR_EQ(returned, magazine);
  EXPECT_EQ(gilloc_magazine_count(magazine), 0);
  EXPECT_TRUE((blocks + GILLOC_MAGAZINE_SLOTS) * bytes > GILLOC_DEPOT_CLASS_BYTES);
  EXPECT_EQ(gilloc_depot_bytes(), blocks * bytes);
  gilloc_depot_free_magazine(magazine);
  EXPECT_EQ(gilloc_depot_drain_all(), blocks * bytes);
}

static void test_blocks_have_a_magazines_key_in_the_stock_and_their_pools_outside(void **state)
{
  (void)state;
  struct gilloc_magazine *magazine = make(CLASS, CAPACITY);
  struct gilloc_block **blocks = gilloc_magazine_bottom(magazine);
  for (unsigned i = 0; i < CAPACITY; i++)
    EXPECT_TRUE(gilloc_block_is_cached(blocks[i]) && !gilloc_block_is_free(blocks[i]));
  struct gilloc_magazine *one_more = make(CLASS, 1); /* keeps the pool */
  put(magazine);
  gilloc_depot_check();
  for (unsigned i = 0; i < CAPACITY; i++)
    EXPECT_TRUE(gilloc_block_is_cached(blocks[i]));
  EXPECT_PTR_EQ(take(CLASS), magazine);
  gilloc_depot_drain(magazine);
  EXPECT_EQ(gilloc_magazine_count(magazine), 0);
  for (unsigned i = 0; i < CAPACITY; i++)
    EXPECT_TRUE(gilloc_block_is_free(blocks[i]) && !gilloc_block_is_cached(blocks[i]));
  gilloc_depot_free_magazine(magazine);
  discard(one_more);
}

static void test_narrowed_magazine_keeps_the_blocks_put_last(void **state)
{
  (void)state;
  struct gilloc_magazine *magazine = make(CLASS, CAPACITY);
  struct gilloc_block *blocks[CAPACITY];
  memcpy(blocks, gilloc_magazine_bottom(magazine), sizeof blocks);
  gilloc_depot_narrow(magazine, CAPACITY);
  EXPECT_EQ(gilloc_magazine_count(magazine), CAPACITY);
  gilloc_depot_narrow(magazine, CAPACITY + 5);
  EXPECT_EQ(magazine->capacity, CAPACITY);
  gilloc_depot_narrow(magazine, 6);
  EXPECT_EQ(magazine->capacity, 6);
  EXPECT_EQ(gilloc_magazine_count(magazine), 6);
  EXPECT_TRUE(gilloc_magazine_is_full(magazine->top));
  for (unsigned i = 0; i < CAPACITY; i++) {
    EXPECT_EQ(gilloc_magazine_has(magazine, blocks[i]), i >= CAPACITY - 6);
    EXPECT_EQ(gilloc_block_is_free(blocks[i]), i < CAPACITY - 6);
  }
  EXPECT_PTR_EQ(magazine->top[-1], blocks[CAPACITY - 1]);
  magazine->top -= 4;
  gilloc_depot_narrow(magazine, 3);
  EXPECT_EQ(gilloc_magazine_count(magazine), 2);
  EXPECT_PTR_EQ(magazine->top[-1], blocks[CAPACITY - 5]);
  magazine->top[0] = blocks[CAPACITY - 4];
  magazine->top++;
  discard(magazine);
  magazine = make(CLASS, 0);
  for (unsigned i = CAPACITY - 3; i < CAPACITY; i++)
    *magazine->top++ = blocks[i];
  discard(magazine);
}

static void test_drain_all_leaves_nothing(void **state)
{
  (void)state;
  size_t bytes = 0;
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++)
    for (unsigned i = 0; i < 3; i++) {
      bytes += (c % CAPACITY + 1) * gilloc_size_class_bytes(c);
      put(make(c, c % CAPACITY + 1));
    }
  EXPECT_EQ(gilloc_depot_bytes(), bytes);
  EXPECT_EQ(gilloc_depot_drain_all(), bytes);
  EXPECT_EQ(gilloc_depot_bytes(), 0);
  EXPECT_TRUE(centres_are_empty());
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++)
    EXPECT_NULL(take(c));
}

static void test_trim_gives_what_no_take_has_needed_since_the_last(void **state)
{
  (void)state;
  size_t bytes = gilloc_size_class_bytes(CLASS);
  gilloc_depot_trim();
  for (unsigned i = 0; i < 10; i++)
    put(make(CLASS, 2));
  EXPECT_EQ(gilloc_depot_trim(), 0);
  struct gilloc_magazine *newest[4];
  for (unsigned i = 0; i < 4; i++)
    newest[i] = take(CLASS);
  for (unsigned i = 0; i < 4; i++)
    put(newest[i]);
  EXPECT_EQ(gilloc_depot_trim(), 6 * 2 * bytes);
  EXPECT_EQ(gilloc_depot_bytes(), 4 * 2 * bytes);
  for (unsigned i = 4; i-- > 0;) {
    struct gilloc_magazine *kept = take(CLASS);
    EXPECT_PTR_EQ(kept, newest[i]);
    discard(kept);
  }
  gilloc_depot_trim();
  EXPECT_EQ(gilloc_depot_trim(), 0);
}

static void test_depot_has_what_is_in_the_classes_stock_alone(void **state)
{
  (void)state;
  struct gilloc_magazine *stocked = make(CLASS, 5), *other = make(CLASS, 5);
  struct gilloc_block *in = gilloc_magazine_bottom(stocked)[2], *out = gilloc_magazine_bottom(other)[2];
  put(make(CLASS, 3));
  put(stocked);
  put(make(CLASS, 3));
  EXPECT_TRUE(gilloc_depot_has(CLASS, in));
  EXPECT_FALSE(gilloc_depot_has(CLASS + 1, in));
  EXPECT_FALSE(gilloc_depot_has(CLASS, out));
  discard(other);
}

/* ---- what dies ---- */

static void check(void)
{
  gilloc_depot_check();
}

static void drain_first(void)
{
  gilloc_depot_drain(take(CLASS));
}

static void drain_both(void)
{
  gilloc_depot_drain_all();
}

/* How `body` ends in a child: 0, or 128 and the signal. */
static int end_of(void (*body)(void))
{
  int status = threads_fork(body);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void test_block_that_is_twice_in_the_stocks_is_told(void **state)
{
  (void)state;
  struct gilloc_magazine *one = make(CLASS, 4), *other = make(CLASS, 4), *kept = make(CLASS, 1);
  struct gilloc_block **slot = gilloc_magazine_bottom(other) + 1, *rightful = *slot;
  *slot = gilloc_magazine_bottom(one)[2];
  put(one);
  put(other);
  EXPECT_EQ(end_of(check), ABORTED);
  EXPECT_EQ(end_of(drain_both), ABORTED);
  EXPECT_EQ(end_of(drain_first), 0);
  *slot = rightful;
  EXPECT_EQ(end_of(check), 0);
  discard(kept);
}

static void test_block_that_is_twice_in_one_magazine_is_told(void **state)
{
  (void)state;
  struct gilloc_magazine *magazine = make(CLASS, 4), *kept = make(CLASS, 1);
  struct gilloc_block **slot = gilloc_magazine_bottom(magazine), *rightful = *slot;
  slot[0] = slot[3];
  put(magazine);
  EXPECT_EQ(end_of(check), ABORTED);
  EXPECT_EQ(end_of(drain_first), ABORTED);
  slot[0] = rightful;
  discard(kept);
}

static void test_write_to_a_block_in_the_stock_is_told(void **state)
{
  (void)state;
  struct gilloc_magazine *magazine = make(CLASS, 4);
  struct gilloc_block *block = gilloc_magazine_bottom(magazine)[1];
  put(magazine);
  block->key ^= 1;
  EXPECT_EQ(end_of(check), ABORTED);
  EXPECT_EQ(end_of(drain_first), ABORTED);
  block->key ^= 1;
  EXPECT_EQ(end_of(check), 0);
}

/* Blocks of one word have no key: nothing is told of them, and nothing is written to what they hold. */
static void test_blocks_of_one_word_pass_without_a_key(void **state)
{
  (void)state;
  if (gilloc_block_has_key(gilloc_size_class_bytes(0)))
    skip();
  struct gilloc_magazine *magazine = make(0, 30);
  struct gilloc_block **blocks = gilloc_magazine_bottom(magazine);
  for (unsigned i = 0; i < 30; i++)
    memset(blocks[i], (int)i, 8);
  put(magazine);
  gilloc_depot_check();
  for (unsigned i = 0; i < 30; i++)
    EXPECT_EQ(*(unsigned char *)blocks[i], i);
  EXPECT_EQ(end_of(drain_both), 0);
}

/* ---- threads ---- */

static _Atomic bool enough;

/* Takes a magazine, or makes one, stamps and reads its blocks, and puts it again. */
static void exchange(struct test_random *random, unsigned char stamp)
{
  unsigned size_class = CLASS + random_below(random, CLASSES_SHARED);
  size_t last = gilloc_size_class_bytes(size_class) - 1;
  struct gilloc_magazine *magazine = take(size_class);
  if (!magazine)
    magazine = make(size_class, 1 + random_below(random, CAPACITY));
  uint32_t count = gilloc_magazine_count(magazine);
  struct gilloc_block **blocks = gilloc_magazine_bottom(magazine);
  COUNT_UNLESS(count > 0 && magazine->size_class == size_class);
  for (uint32_t i = 0; i < count; i++)
    ((unsigned char *)blocks[i])[last] = stamp;
  if (random_below(random, 16) == 0)
    gilloc_depot_check();
  for (uint32_t i = 0; i < count; i++)
    COUNT_UNLESS(((unsigned char *)blocks[i])[last] == stamp && gilloc_block_is_cached(blocks[i]));
  if (random_below(random, 8) == 0)
    discard(magazine);
  else
    put(magazine);
  if (random_below(random, 256) == 0)
    gilloc_depot_trim();
}

static void *exchange_magazines(void *number)
{
  struct test_random random = {seed + (uintptr_t)number};
  for (unsigned step = 0; step < STEPS; step++)
    exchange(&random, (unsigned char)((uintptr_t)number + 1));
  return NULL;
}

static void *exchange_until_enough(void *number)
{
  struct test_random random = {seed + (uintptr_t)number};
  while (!atomic_load_explicit(&enough, memory_order_relaxed))
    exchange(&random, (unsigned char)((uintptr_t)number + 1));
  return NULL;
}

static void test_threads_never_share_a_magazine_and_lose_none(void **state)
{
  (void)state;
  run_threads(THREADS, exchange_magazines);
  EXPECT_EQ(test_failures, 0);
  gilloc_depot_drain_all();
  EXPECT_TRUE(centres_are_empty());
}

/* In the child of a process that was at it: the stock is whole, and every guard is free. */
static void use_depot(void)
{
  struct test_random random = {seed};
  gilloc_depot_check();
  for (unsigned i = 0; i < 50; i++)
    exchange(&random, 99);
  gilloc_depot_trim();
  gilloc_depot_drain_all();
  COUNT_UNLESS(gilloc_depot_bytes() == 0);
  COUNT_UNLESS(gilloc_arena_is_consistent());
}

static void test_child_of_a_process_that_uses_the_depot_can_use_it(void **state)
{
  (void)state;
  pthread_t threads[2];
  atomic_store(&enough, false);
  for (uintptr_t i = 0; i < 2; i++)
    pthread_create(&threads[i], NULL, exchange_until_enough, (void *)i);
  for (unsigned i = 0; i < FORKS && test_failures == 0; i++)
    COUNT_UNLESS(threads_fork(use_depot) == 0);
  atomic_store(&enough, true);
  for (unsigned i = 0; i < 2; i++)
    join_thread(threads[i]);
  EXPECT_EQ(test_failures, 0);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      DEPOT_TEST(test_depot_is_empty_at_first),
      DEPOT_TEST(test_new_magazines_are_aligned_and_used_again),
      DEPOT_TEST(test_magazine_put_is_taken_with_its_blocks),
      DEPOT_TEST(test_magazine_put_last_is_taken_first),
      DEPOT_TEST(test_classes_have_stocks_of_their_own),
      DEPOT_TEST(test_put_returns_the_empty_magazine_that_a_take_left),
      DEPOT_TEST(test_take_of_an_empty_stock_leaves_the_empty_magazine_to_the_caller),
      DEPOT_TEST(test_stock_keeps_to_its_bytes_and_the_rest_goes_to_the_pools),
      DEPOT_TEST(test_blocks_have_a_magazines_key_in_the_stock_and_their_pools_outside),
      DEPOT_TEST(test_narrowed_magazine_keeps_the_blocks_put_last),
      DEPOT_TEST(test_drain_all_leaves_nothing),
      DEPOT_TEST(test_trim_gives_what_no_take_has_needed_since_the_last),
      DEPOT_TEST(test_depot_has_what_is_in_the_classes_stock_alone),
      DEPOT_TEST(test_block_that_is_twice_in_the_stocks_is_told),
      DEPOT_TEST(test_block_that_is_twice_in_one_magazine_is_told),
      DEPOT_TEST(test_write_to_a_block_in_the_stock_is_told),
      DEPOT_TEST(test_blocks_of_one_word_pass_without_a_key),
      DEPOT_TEST(test_threads_never_share_a_magazine_and_lose_none),
      DEPOT_TEST(test_child_of_a_process_that_uses_the_depot_can_use_it),
  };
  seed = test_seed(argc, argv);
  gilloc_free(NULL); /* links the module that registers the fork handlers */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
