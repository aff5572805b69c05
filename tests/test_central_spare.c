/* flavours: none gil none-py311 gil-py311 none-py39 none-classic gil-classic */
/* SPDX-License-Identifier: MIT
 *
 * test_central_spare.c: the pool that stays with its class when it becomes empty, because the arenas would
 * hand it out next (central.h): seen from outside, nothing of it may be seen.
 */
#include "arena.h"
#include "central.h"
#include "expect.h"
#include "fixture.h"

#include <gilloc/gil.h>
#include <gilloc/gilloc.h>

enum { SIZE = 200, OTHER_SIZE = 400, MANY = 200 };

static uintptr_t pool_of(const void *block)
{
  return (uintptr_t)block / GILLOC_POOL_SIZE;
}

/* A full pool's worth of blocks of SIZE and one more, which lies in a pool behind. */
static unsigned fill_a_pool(void **blocks)
{
  unsigned count = 0;
  do
    blocks[count] = gilloc_malloc(SIZE);
  while (pool_of(blocks[count++]) == pool_of(blocks[0]));
  return count;
}

static void free_all(void **blocks, unsigned count)
{
  for (unsigned i = 0; i < count; i++)
    gilloc_free(blocks[i]);
}

static void test_lone_block_comes_back(void **state)
{
  (void)state;
  void *block = gilloc_malloc(SIZE);
  gilloc_free(block);
  EXPECT_NOT_NULL(gilloc_central_spare);
  void *again = gilloc_malloc(SIZE);
  EXPECT_PTR_EQ(again, block);
  gilloc_free(again);
}

static void test_another_class_gets_the_spare(void **state)
{
  (void)state;
  void *block = gilloc_malloc(SIZE);
  gilloc_free(block);
  void *other = gilloc_malloc(OTHER_SIZE);
  EXPECT_EQ(pool_of(other), pool_of(block));
  void *next = gilloc_malloc(SIZE);
  EXPECT_TRUE(pool_of(next) != pool_of(other));
  gilloc_free(other);
  gilloc_free(next);
}

static void test_counts_see_the_spare_as_given_back(void **state)
{
  (void)state;
  unsigned size_class = gilloc_size_class_of(SIZE);
  void *keep = gilloc_malloc(OTHER_SIZE);
  size_t pools = gilloc_central_counts(size_class).pools;
  size_t free_pools = gilloc_arena_counts().free_pools;
  void *block = gilloc_malloc(SIZE);
  EXPECT_EQ(gilloc_central_counts(size_class).pools, pools + 1);
  gilloc_free(block);
  EXPECT_NOT_NULL(gilloc_central_spare);
  EXPECT_EQ(gilloc_central_counts(size_class).pools, pools);
  EXPECT_NULL(gilloc_central_spare);
  EXPECT_EQ(gilloc_arena_counts().free_pools, free_pools);
  EXPECT_TRUE(gilloc_arena_is_consistent());
  gilloc_free(keep);
}

/* The lone block of the second pool is freed while the first is full: the second is the spare, at the end of
 * a list to whose front the first comes back. */
static void test_pools_before_the_spare_serve_first(void **state)
{
  (void)state;
  void *blocks[MANY * 4];
  unsigned count = fill_a_pool(blocks);
  gilloc_free(blocks[count - 1]);
  gilloc_free(blocks[0]);
  void *first = gilloc_malloc(SIZE), *second = gilloc_malloc(SIZE);
  EXPECT_PTR_EQ(first, blocks[0]);
  EXPECT_PTR_EQ(second, blocks[count - 1]);
  free_all(blocks, count);
  EXPECT_TRUE(gilloc_arena_is_consistent());
}

/* A pool before others in its list goes back at once: the others would have to serve first. */
static void test_pool_before_others_is_no_spare(void **state)
{
  (void)state;
  void *blocks[MANY * 4];
  unsigned count = fill_a_pool(blocks);
  for (unsigned i = 1; i + 1 < count; i++)
    gilloc_free(blocks[i]);
  gilloc_free(blocks[0]);
  void *next = gilloc_malloc(SIZE);
  EXPECT_EQ(pool_of(next), pool_of(blocks[count - 1]));
  gilloc_free(next);
  gilloc_free(blocks[count - 1]);
  EXPECT_TRUE(gilloc_arena_is_consistent());
}

/* One block lives throughout: where no empty arena is kept, the last pool of one is no spare. */
static void *anchor;

static int attach(void **state)
{
  (void)state;
  gilloc_thread_attach();
  anchor = gilloc_malloc(1);
  return anchor == NULL;
}

static int detach(void **state)
{
  (void)state;
  gilloc_free(anchor);
  gilloc_thread_detach();
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_lone_block_comes_back),
      cmocka_unit_test(test_another_class_gets_the_spare),
      cmocka_unit_test(test_counts_see_the_spare_as_given_back),
      cmocka_unit_test(test_pools_before_the_spare_serve_first),
      cmocka_unit_test(test_pool_before_others_is_no_spare),
  };
  return cmocka_run_group_tests(tests, attach, detach);
}
