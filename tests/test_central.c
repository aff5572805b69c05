/* flavours: none gil fine fine-mcs none-classic none-py39 gil-py311 fine-py311 */
/* SPDX-License-Identifier: MIT
 *
 * test_central.c: the centres of the size classes: which pool a block comes from, what becomes of a pool
 * that fills or empties, many blocks at a time, counts. Every test leaves the centres without live blocks.
 */
#include "arena_use.h"
#include "expect.h"
#include "fixture.h"

#include "arena.h"
#include "arena_map.h"
#include "central.h"
#include "pool.h"

enum { CLASS = 31, OTHER_CLASS = 20, SMALL = 7, MAX_HELD = 8192 };

struct holding {
  struct gilloc_block *block;
  unsigned size_class;
};

static uint64_t seed;
static struct holding held[MAX_HELD];
static unsigned held_count;

static struct gilloc_block *take(unsigned size_class)
{
  struct gilloc_block *block = gilloc_central_take(size_class);
  EXPECT_NOT_NULL(block);
  EXPECT_TRUE(held_count < MAX_HELD);
  held[held_count++] = (struct holding){block, size_class};
  return block;
}

/* What the heap does with a block before it puts it. */
static void mark_free(struct holding holding)
{
  if (gilloc_block_has_key(gilloc_size_class_bytes(holding.size_class)))
    gilloc_block_mark_free(holding.block);
}

static void put_marked(struct holding holding)
{
  mark_free(holding);
  gilloc_central_put(holding.size_class, holding.block);
}

static void put_at(unsigned i)
{
  struct holding holding = held[i];
  held[i] = held[--held_count];
  put_marked(holding);
}

static void put(struct gilloc_block *block)
{
  unsigned i = 0;
  while (held[i].block != block)
    i++;
  put_at(i);
}

static int put_all(void **state)
{
  (void)state;
  while (held_count)
    put_at(held_count - 1);
  return 0;
}

/* One block of another class, so that the arena in use stays mapped. */
static int hold_arena(void **state)
{
  (void)state;
  take(0);
  return 0;
}

static char *pool_of(const void *block)
{
  return (char *)((uintptr_t)block & ~(uintptr_t)(GILLOC_POOL_SIZE - 1));
}

static unsigned code_of(const void *address)
{
  return gilloc_arena_map_code(gilloc_arena_map_find(address));
}

static void test_block_is_aligned_and_on_the_map_with_its_class(void **state)
{
  (void)state;
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++) {
    struct gilloc_block *block = take(c);
    EXPECT_ALIGNED(block, GILLOC_ALIGNMENT);
    EXPECT_NOT_NULL(gilloc_arena_map_arena(gilloc_arena_map_find(block)));
    EXPECT_EQ(code_of(block), c + 1);
  }
}

static void test_block_put_last_is_taken_first(void **state)
{
  (void)state;
  struct gilloc_block *a = take(CLASS), *b = take(CLASS);
  take(CLASS);
  put(a);
  put(b);
  EXPECT_PTR_EQ(take(CLASS), b);
  EXPECT_PTR_EQ(take(CLASS), a);
}

static void test_one_pool_is_used_up_before_the_next(void **state)
{
  (void)state;
  unsigned per_pool = gilloc_pool_blocks(CLASS);
  char *pool = pool_of(take(CLASS));
  for (unsigned i = 1; i < per_pool; i++)
    EXPECT_PTR_EQ(pool_of(take(CLASS)), pool);
  EXPECT_PTR_NE(pool_of(take(CLASS)), pool);
}

static void test_full_pool_returns_to_the_front_at_its_first_free(void **state)
{
  (void)state;
  struct gilloc_block *full[GILLOC_POOL_SIZE / 256];
  unsigned per_pool = gilloc_pool_blocks(CLASS);
  for (unsigned i = 0; i < per_pool; i++)
    full[i] = take(CLASS);
  char *second = pool_of(take(CLASS));
  put(full[3]);
  EXPECT_PTR_EQ(take(CLASS), full[3]);
  EXPECT_PTR_EQ(pool_of(take(CLASS)), second);
}

/* Three full pools get a free block each: the last one to get it stands in front. A second free of a used
 * pool moves nothing. */
static void test_pools_stand_in_the_order_in_which_they_ceased_to_be_full(void **state)
{
  (void)state;
  struct gilloc_block *first[3], *second[3];
  for (unsigned p = 0; p < 3; p++) {
    first[p] = take(CLASS);
    second[p] = take(CLASS);
    for (unsigned i = 2; i < gilloc_pool_blocks(CLASS); i++)
      take(CLASS);
  }
  put(first[1]);
  put(first[2]);
  put(first[0]);
  put(second[1]);
  EXPECT_PTR_EQ(take(CLASS), first[0]);
  EXPECT_PTR_EQ(take(CLASS), first[2]);
  EXPECT_PTR_EQ(take(CLASS), second[1]);
  EXPECT_PTR_EQ(take(CLASS), first[1]);
}

static void test_emptied_pool_leaves_the_map_and_returns_to_its_arena(void **state)
{
  (void)state;
  struct gilloc_block *block = take(CLASS);
  size_t free_pools = gilloc_arena_counts().free_pools;
  put(block);
  EXPECT_EQ(code_of(block), 0);
  EXPECT_EQ(gilloc_arena_counts().free_pools, free_pools + 1);
}

static void test_emptied_pool_may_serve_another_class(void **state)
{
  (void)state;
  struct gilloc_block *block = take(CLASS);
  put(block);
  struct gilloc_block *other = take(OTHER_CLASS);
  EXPECT_PTR_EQ(pool_of(other), pool_of(block));
  EXPECT_EQ(code_of(other), OTHER_CLASS + 1);
  EXPECT_EQ(((uintptr_t)other & (GILLOC_POOL_SIZE - 1)), GILLOC_POOL_FIRST_BLOCK);
}

/* Under a cache it starts anew: from its first block. */
static void test_pool_used_by_the_same_class_again_goes_on_with_its_last_freed_block(void **state)
{
  (void)state;
  struct gilloc_block *a = take(CLASS), *b = take(CLASS);
  put(GILLOC_HAS_TCACHE ? a : b);
  put(GILLOC_HAS_TCACHE ? b : a);
  EXPECT_PTR_EQ(take(CLASS), a);
  EXPECT_PTR_EQ(take(CLASS), b);
}

static void test_counts_tell_used_pools_and_free_blocks(void **state)
{
  (void)state;
  unsigned per_pool = gilloc_pool_blocks(CLASS);
  EXPECT_EQ(gilloc_central_counts(CLASS).used_pools, 0);
  EXPECT_EQ(gilloc_central_counts(CLASS).free_blocks, 0);
  struct gilloc_block *first = take(CLASS);
  EXPECT_EQ(gilloc_central_counts(CLASS).used_pools, 1);
  EXPECT_EQ(gilloc_central_counts(CLASS).free_blocks, per_pool - 1);
  while (gilloc_central_counts(CLASS).free_blocks)
    take(CLASS);
  EXPECT_EQ(gilloc_central_counts(CLASS).used_pools, 0);
  put(first);
  EXPECT_EQ(gilloc_central_counts(CLASS).used_pools, 1);
  EXPECT_EQ(gilloc_central_counts(CLASS).free_blocks, 1);
}

/* Takes many, and enters them as held. */
static unsigned take_many_for(uint16_t home, unsigned size_class, unsigned want)
{
  static struct gilloc_block *blocks[MAX_HELD];
  struct gilloc_central_order order = {want, home};
  unsigned taken = gilloc_central_take_blocks(size_class, order, blocks + want);
  EXPECT_LE(taken, want);
  for (unsigned i = want - taken; i < want; i++) {
    EXPECT_EQ(code_of(blocks[i]), size_class + 1);
    EXPECT_TRUE(gilloc_block_is_cached(blocks[i]));
    for (unsigned j = 0; j < held_count; j++)
      EXPECT_PTR_NE(held[j].block, blocks[i]);
    held[held_count++] = (struct holding){blocks[i], size_class};
  }
  return taken;
}

static unsigned take_many(unsigned size_class, unsigned want)
{
  return take_many_for(0, size_class, want);
}

static uintptr_t pool_held(unsigned at)
{
  return (uintptr_t)held[at].block >> GILLOC_POOL_BITS;
}

/* They would write side by side. */
static void test_untouched_blocks_of_a_pool_go_to_one_home(void **state)
{
  (void)state;
  if (!GILLOC_HAS_TCACHE) /* a pool that comes back to its class keeps its list */
    skip();
  EXPECT_EQ(take_many_for(1, SMALL, 5), 5);
  EXPECT_EQ(take_many_for(2, SMALL, 5), 5);
  EXPECT_EQ(take_many_for(1, SMALL, 5), 5);
  unsigned last = held_count - 1;
  EXPECT_TRUE(pool_held(last - 10) != pool_held(last - 5));
  EXPECT_EQ(pool_held(last - 10), pool_held(last));
}

static void put_last_back(unsigned count)
{
  while (count-- > 0) {
    gilloc_central_put_blocks(SMALL, &held[held_count - 1].block, 1);
    held_count--;
  }
}

static void test_few_freed_blocks_stay_with_their_home_and_many_go_to_any(void **state)
{
  (void)state;
  if (!GILLOC_HAS_TCACHE) /* a pool that comes back to its class keeps its list */
    skip();
  unsigned most = gilloc_pool_blocks(SMALL) - 1;
  EXPECT_EQ(take_many_for(1, SMALL, most), most);
  uintptr_t pool = pool_held(held_count - 1);
  if (most >= 32) {
    put_last_back(1);
    EXPECT_EQ(take_many_for(2, SMALL, 1), 1);
    EXPECT_TRUE(pool_held(held_count - 1) != pool);
    put_last_back(1);
  }
  put_last_back(most / 2);
  EXPECT_EQ(take_many_for(3, SMALL, 1), 1);
  EXPECT_EQ(pool_held(held_count - 1), pool);
}

static void test_taking_many_gives_as_many_as_asked_where_there_are_enough(void **state)
{
  (void)state;
  take(CLASS);
  EXPECT_EQ(take_many(CLASS, 5), 5);
}

static void test_taking_many_of_an_empty_centre_breaks_in_one_pool_alone(void **state)
{
  (void)state;
  unsigned per_pool = gilloc_pool_blocks(CLASS);
  size_t free_pools = gilloc_arena_counts().free_pools;
  unsigned got = take_many(CLASS, 2 * per_pool + 5);
  EXPECT_TRUE(got >= 1 && got <= per_pool);
  EXPECT_EQ(gilloc_arena_counts().free_pools, free_pools - 1);
}

static void test_taking_many_takes_no_new_pool_while_a_used_one_has_blocks(void **state)
{
  (void)state;
  take(CLASS);
  while (gilloc_central_counts(CLASS).free_blocks > 3)
    take(CLASS);
  size_t free_pools = gilloc_arena_counts().free_pools;
  EXPECT_EQ(take_many(CLASS, 20), 3);
  EXPECT_EQ(gilloc_arena_counts().free_pools, free_pools);
}

/* The last slot is used first: it is the one that single takes would have given first. */
static void test_taking_many_gives_the_order_of_single_takes(void **state)
{
  (void)state;
  struct gilloc_block *single[6], *many[6];
  take(CLASS);
  for (unsigned i = 0; i < 6; i++)
    single[i] = take(CLASS);
  for (unsigned i = 6; i-- > 0;)
    put(single[i]);
  EXPECT_EQ(gilloc_central_take_blocks(CLASS, (struct gilloc_central_order){6, 0}, many + 6), 6);
  for (unsigned i = 0; i < 6; i++)
    EXPECT_PTR_EQ(many[5 - i], single[i]);
  gilloc_central_put_blocks(CLASS, many, 6);
}

static void test_many_put_back_leave_nothing_behind(void **state)
{
  (void)state;
  static struct gilloc_block *blocks[3 * GILLOC_POOL_SIZE / 256];
  size_t free_pools = gilloc_arena_counts().free_pools;
  unsigned wanted = 3 * gilloc_pool_blocks(CLASS), got = 0;
  while (got < wanted) {
    struct gilloc_central_order order = {wanted - got, 0};
    got += gilloc_central_take_blocks(CLASS, order, blocks + order.want);
  }
  gilloc_central_put_blocks(CLASS, blocks, wanted);
  for (unsigned i = 0; i < wanted; i++)
    EXPECT_TRUE(gilloc_block_is_free(blocks[i]));
  EXPECT_EQ(gilloc_central_counts(CLASS).used_pools, 0);
  EXPECT_EQ(gilloc_central_counts(CLASS).pools, 0);
  EXPECT_EQ(gilloc_arena_counts().free_pools, free_pools);
}

static void test_no_blocks_put_back_change_nothing(void **state)
{
  (void)state;
  struct gilloc_central_counts before = gilloc_central_counts(CLASS);
  gilloc_central_put_blocks(CLASS, NULL, 0);
  EXPECT_EQ(gilloc_central_counts(CLASS).free_blocks, before.free_blocks);
}

/* How a child's check of all pools ends. */
static int end_of_check(void)
{
  pid_t child = fork();
  if (child == 0) {
    gilloc_central_check();
    _exit(0);
  }
  return wait_for_child(child);
}

static void test_check_tells_a_block_that_is_listed_twice_or_was_written_to(void **state)
{
  (void)state;
  struct gilloc_block *blocks[5];
  for (unsigned i = 0; i < 5; i++)
    blocks[i] = take(CLASS);
  for (unsigned i = 0; i < 4; i++)
    put(blocks[i]);
  EXPECT_EQ(end_of_check(), 0);
  gilloc_central_check();
  EXPECT_TRUE(gilloc_block_is_free(blocks[0]) && gilloc_block_is_free(blocks[3]));
  blocks[1]->key ^= 1;
  EXPECT_EQ(end_of_check(), 128 + SIGABRT);
  blocks[1]->key ^= 1;
  struct gilloc_block *next = blocks[0]->next;
  blocks[0]->next = blocks[2];
  EXPECT_EQ(end_of_check(), 128 + SIGABRT);
  blocks[0]->next = (struct gilloc_block *)8;
  EXPECT_EQ(end_of_check(), 128 + SIGABRT);
  blocks[0]->next = next;
  EXPECT_EQ(end_of_check(), 0);
}

static void test_check_block_accepts_every_live_block(void **state)
{
  (void)state;
  for (unsigned i = 0; i < gilloc_pool_blocks(CLASS) + 3; i++) {
    struct gilloc_block *block = take(CLASS);
    gilloc_block_mark_live(block);
    gilloc_central_check_block(block, "gilloc_free");
    gilloc_block_mark_free(block);
  }
  EXPECT_EQ(held_count, gilloc_pool_blocks(CLASS) + 4);
}

static void test_memory_all_comes_back_from_random_use(void **state)
{
  (void)state;
  struct test_random random = {seed};
  for (unsigned phase = 0; phase < 20; phase++) {
    unsigned goal = random_below(&random, MAX_HELD);
    for (unsigned step = 0; step < 5000; step++) {
      if (held_count < goal)
        take(random_below(&random, random_below(&random, GILLOC_CLASS_COUNT) + 1));
      else if (held_count)
        put_at(random_below(&random, held_count));
    }
    EXPECT_TRUE(gilloc_arena_is_consistent());
  }
  put_all(NULL);
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++)
    EXPECT_EQ(gilloc_central_counts(c).used_pools, 0);
  EXPECT_EQ(arenas_when_purged(), GILLOC_ARENA_KEEPS_LAST);
}

enum { THREADS = 4, PER_THREAD = 256, STEPS = 8000 / TEST_DIVISOR };

static unsigned char stamp_of(uintptr_t thread, unsigned i)
{
  return (unsigned char)(thread * 64 + i % 64);
}

static void *last_byte(struct holding holding)
{
  return (char *)holding.block + gilloc_size_class_bytes(holding.size_class) - 1;
}

static struct holding take_and_stamp(struct test_random *random, unsigned char stamp)
{
  unsigned size_class = 1 + random_below(random, 20);
  struct holding taken = {gilloc_central_take(size_class), size_class};
  COUNT_UNLESS(taken.block);
  memset(last_byte(taken), stamp, 1);
  return taken;
}

static void *exchange_blocks(void *number)
{
  struct holding mine[PER_THREAD];
  struct test_random random = {seed + (uintptr_t)number};
  gilloc_thread_attach();
  for (unsigned i = 0; i < PER_THREAD; i++)
    mine[i] = take_and_stamp(&random, stamp_of((uintptr_t)number, i));
  for (unsigned step = 0; step < STEPS; step++) {
    unsigned i = random_below(&random, PER_THREAD);
    COUNT_UNLESS(*(unsigned char *)last_byte(mine[i]) == stamp_of((uintptr_t)number, i));
    put_marked(mine[i]);
    mine[i] = take_and_stamp(&random, stamp_of((uintptr_t)number, i));
    gilloc_checkpoint();
  }
  for (unsigned i = 0; i < PER_THREAD; i++)
    put_marked(mine[i]);
  gilloc_thread_detach();
  return NULL;
}

static void test_threads_never_share_a_block_and_lose_none(void **state)
{
  (void)state;
  if (GILLOC_STRATEGY == GILLOC_STRATEGY_NONE)
    skip();
  run_threads(THREADS, exchange_blocks);
  EXPECT_EQ(test_failures, 0);
  for (unsigned c = 1; c < GILLOC_CLASS_COUNT; c++)
    EXPECT_EQ(gilloc_central_counts(c).used_pools, 0);
}

#define CENTRAL_TEST(f) cmocka_unit_test_setup_teardown(f, hold_arena, put_all)

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      CENTRAL_TEST(test_block_is_aligned_and_on_the_map_with_its_class),
      CENTRAL_TEST(test_block_put_last_is_taken_first),
      CENTRAL_TEST(test_one_pool_is_used_up_before_the_next),
      CENTRAL_TEST(test_full_pool_returns_to_the_front_at_its_first_free),
      CENTRAL_TEST(test_pools_stand_in_the_order_in_which_they_ceased_to_be_full),
      CENTRAL_TEST(test_emptied_pool_leaves_the_map_and_returns_to_its_arena),
      CENTRAL_TEST(test_emptied_pool_may_serve_another_class),
      CENTRAL_TEST(test_pool_used_by_the_same_class_again_goes_on_with_its_last_freed_block),
      CENTRAL_TEST(test_counts_tell_used_pools_and_free_blocks),
      CENTRAL_TEST(test_untouched_blocks_of_a_pool_go_to_one_home),
      CENTRAL_TEST(test_few_freed_blocks_stay_with_their_home_and_many_go_to_any),
      CENTRAL_TEST(test_taking_many_gives_as_many_as_asked_where_there_are_enough),
      CENTRAL_TEST(test_taking_many_of_an_empty_centre_breaks_in_one_pool_alone),
      CENTRAL_TEST(test_taking_many_takes_no_new_pool_while_a_used_one_has_blocks),
      CENTRAL_TEST(test_taking_many_gives_the_order_of_single_takes),
      CENTRAL_TEST(test_many_put_back_leave_nothing_behind),
      CENTRAL_TEST(test_no_blocks_put_back_change_nothing),
      CENTRAL_TEST(test_check_tells_a_block_that_is_listed_twice_or_was_written_to),
      CENTRAL_TEST(test_check_block_accepts_every_live_block),
      CENTRAL_TEST(test_memory_all_comes_back_from_random_use),
      CENTRAL_TEST(test_threads_never_share_a_block_and_lose_none),
  };
  seed = test_seed(argc, argv);
  return cmocka_run_group_tests(tests, hold_gil, drop_gil);
}
