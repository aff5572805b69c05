/* flavours: fine fine-mcs */
/* SPDX-License-Identifier: MIT
 *
 * test_page_cache.c: bins round sizes, a thread's cache hands its own blocks out again, within its bounds,
 * and gives all back: at the thread's end, to a trim by any thread, in a fork's child.
 */
#include "expect.h"
#include "fixture.h"
#include "sandbox.h"

#include "large.h"
#include "os_memory.h"
#include "page_bin.h"
#include "page_cache.h"
#include "page_heap.h"
#include "purge.h"

#include <limits.h>

enum { KIB = 1 << 10, MIB = 1 << 20 };

static int empty_caches(void **state)
{
  (void)state;
  gilloc_page_cache_set_max(GILLOC_PAGE_CACHE_BYTES);
  gilloc_page_cache_trim(true);
  EXPECT_EQ(gilloc_page_cache_counts().blocks, 0);
  EXPECT_EQ(gilloc_page_cache_bytes(), 0);
  EXPECT_EQ(gilloc_large_counts().blocks, 0);
  EXPECT_TRUE(gilloc_page_heap_is_consistent());
  return 0;
}

static void test_bins_follow_one_another(void **state)
{
  (void)state;
  size_t bin = 0, last = 0;
  for (size_t bytes = 4 * KIB; bytes <= GILLOC_PAGE_BIN_MAX; bytes += 4 * KIB) {
    size_t rounded = gilloc_page_bin_round(bytes);
    EXPECT_TRUE(rounded >= bytes && 8 * (rounded - bytes) <= bytes);
    EXPECT_EQ(gilloc_page_bin_of(bytes), gilloc_page_bin_of(rounded));
    EXPECT_EQ(gilloc_page_bin_is(bytes), rounded == bytes);
    bin += rounded != last && last != 0;
    EXPECT_EQ(gilloc_page_bin_of(bytes), bin);
    last = rounded;
  }
  EXPECT_EQ(bin, GILLOC_PAGE_BINS - 1);
  EXPECT_TRUE(gilloc_page_bin_of(GILLOC_PAGE_BIN_MAX + 1) >= GILLOC_PAGE_BINS);
  EXPECT_EQ(gilloc_page_bin_round(5 * MIB), 5 * MIB);
  EXPECT_EQ(gilloc_page_bin_round(5 * MIB + 4 * KIB), 5 * MIB + GILLOC_PAGE_BIN_UNIT);
  EXPECT_TRUE(gilloc_page_bin_of(SIZE_MAX) >= GILLOC_PAGE_BINS);
}

static void test_block_freed_last_is_handed_out_first(void **state)
{
  (void)state;
  void *a = gilloc_large_take(40 * KIB, 16), *b = gilloc_large_take(40 * KIB, 16);
  EXPECT_TRUE(gilloc_large_put_cached(a));
  EXPECT_TRUE(gilloc_large_put_cached(b));
  EXPECT_EQ(gilloc_page_cache_counts().blocks, 2);
  EXPECT_PTR_EQ(gilloc_page_cache_take(39 * KIB), b);
  EXPECT_PTR_EQ(gilloc_page_cache_take(40 * KIB), a);
  EXPECT_NULL(gilloc_page_cache_take(40 * KIB));
  EXPECT_EQ(gilloc_large_usable(a), 40 * KIB);
  gilloc_large_put(a);
  gilloc_large_put(b);
}

static void test_cached_block_is_no_live_one(void **state)
{
  (void)state;
  char *block = gilloc_large_take(256 * KIB, 16);
  EXPECT_FALSE(gilloc_large_put_cached(block + 4 * KIB));
  EXPECT_FALSE(gilloc_large_put_cached(block + 16));
  EXPECT_FALSE(gilloc_large_put_cached(NULL));
  EXPECT_TRUE(gilloc_large_put(block));
  EXPECT_EQ(gilloc_large_usable(block), 0);
  EXPECT_FALSE(gilloc_large_put(block));
  EXPECT_FALSE(gilloc_page_heap_resize(block, 128 * KIB));
}

static void test_cache_keeps_within_its_bounds(void **state)
{
  (void)state;
  enum { BLOCKS = 200 };
  void *blocks[BLOCKS];
  for (unsigned i = 0; i < BLOCKS; i++)
    blocks[i] = gilloc_large_take((40 + i % 24 * 40) * KIB, 16);
  for (unsigned i = 0; i < BLOCKS; i++) {
    EXPECT_TRUE(gilloc_large_put(blocks[i]));
    size_t bytes = gilloc_page_cache_counts().bytes, figure = gilloc_page_cache_bytes();
    EXPECT_TRUE(bytes <= GILLOC_PAGE_CACHE_BYTES);
    EXPECT_TRUE(figure <= bytes + GILLOC_PAGE_CACHE_SLACK && bytes <= figure + GILLOC_PAGE_CACHE_SLACK);
  }
  EXPECT_TRUE(gilloc_page_cache_counts().bytes > GILLOC_PAGE_CACHE_BYTES / 2);
}

static void test_bin_and_large_sizes_have_their_bounds(void **state)
{
  (void)state;
  void *blocks[2 * GILLOC_PAGE_CACHE_RUNS], *big = gilloc_large_take(MIB + 4 * KIB, 16);
  EXPECT_FALSE(gilloc_large_put_cached(big));
  EXPECT_TRUE(gilloc_large_put(big));
  for (unsigned i = 0; i < 2 * GILLOC_PAGE_CACHE_RUNS; i++)
    blocks[i] = gilloc_large_take(64 * KIB, 16);
  for (unsigned i = 0; i < 2 * GILLOC_PAGE_CACHE_RUNS; i++)
    EXPECT_TRUE(gilloc_large_put(blocks[i]));
  EXPECT_EQ(gilloc_page_cache_counts().blocks, GILLOC_PAGE_CACHE_RUNS);
}

static void test_no_block_is_cached_where_none_may_be(void **state)
{
  (void)state;
  gilloc_page_cache_set_max(0);
  void *block = gilloc_large_take(64 * KIB, 16);
  gilloc_page_cache_trim(true);
  EXPECT_TRUE(gilloc_large_put(block));
  EXPECT_EQ(gilloc_page_cache_counts().blocks, 0);
}

static void test_trim_leaves_what_was_used_since_the_last(void **state)
{
  (void)state;
  void *a = gilloc_large_take(100 * KIB, 16), *b = gilloc_large_take(200 * KIB, 16);
  gilloc_large_put(a);
  gilloc_large_put(b);
  EXPECT_EQ(gilloc_page_cache_trim(false), 0);
  gilloc_large_put(gilloc_large_take(200 * KIB, 16));
  EXPECT_TRUE(gilloc_page_cache_trim(false) >= 100 * KIB);
  EXPECT_EQ(gilloc_page_cache_counts().blocks, 1);
  EXPECT_TRUE(gilloc_page_cache_trim(false) >= 200 * KIB);
}

static void *cache_two(void *unused)
{
  void *a = gilloc_large_take(64 * KIB, 16), *b = gilloc_large_take(MIB, 16);
  COUNT_UNLESS(gilloc_large_put_cached(a) && gilloc_large_put_cached(b));
  return unused;
}

static void test_thread_gives_its_blocks_back_at_its_end(void **state)
{
  (void)state;
  run_threads(3, cache_two);
  EXPECT_EQ(gilloc_page_cache_counts().blocks, 0);
  EXPECT_EQ(gilloc_page_cache_bytes(), 0);
  EXPECT_EQ(gilloc_page_heap_counts().blocks, 0);
  EXPECT_EQ(test_failures, 0);
}

static pthread_barrier_t barrier;

static void *cache_two_and_wait(void *unused)
{
  cache_two(unused);
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  return unused;
}

/* A thread that has two blocks in its cache, and sleeps. */
static pthread_t start_caching(void)
{
  pthread_t thread;
  pthread_barrier_init(&barrier, NULL, 2);
  EXPECT_EQ(pthread_create(&thread, NULL, cache_two_and_wait, NULL), 0);
  pthread_barrier_wait(&barrier);
  return thread;
}

static void end_caching(pthread_t thread)
{
  pthread_barrier_wait(&barrier);
  pthread_join(thread, NULL);
}

static void test_trim_reaches_threads_that_sleep(void **state)
{
  (void)state;
  pthread_t thread = start_caching();
  EXPECT_EQ(gilloc_page_cache_counts().blocks, 2);
  bool can_fence = gilloc_os_fence_threads();
  EXPECT_EQ(gilloc_page_cache_trim(true), can_fence ? 64 * KIB + MIB : 0);
  end_caching(thread);
}

static void test_child_of_a_fork_gets_what_others_cached(void **state)
{
  (void)state;
  pthread_t thread = start_caching();
  pid_t child = fork();
  if (child == 0) {
    bool can_fence = gilloc_os_fence_threads();
    COUNT_UNLESS(gilloc_page_cache_trim(true) == (can_fence ? 64 * KIB + MIB : 0));
    COUNT_UNLESS(gilloc_page_heap_is_consistent());
    _exit(test_failures ? 1 : 0);
  }
  EXPECT_EQ(wait_for_child(child), 0);
  end_caching(thread);
}

static void test_trim_reaches_its_own_threads_cache_without_membarrier(void **state)
{
  (void)state;
  pthread_t thread = start_caching();
  pid_t child = fork();
  if (child == 0) {
    bool is_refused = sandbox_refuses(SYS_membarrier);
    COUNT_UNLESS(gilloc_large_put(gilloc_large_take(100 * KIB, 16)));
    COUNT_UNLESS(gilloc_page_cache_trim(true) == 104 * KIB || !is_refused);
    _exit(test_failures ? 1 : 0);
  }
  EXPECT_EQ(wait_for_child(child), 0);
  end_caching(thread);
}

static pthread_key_t last_key;
static _Thread_local unsigned rounds;

/* In the last round of destructors, when what is set anew has no destructor any more. */
static void put_in_last_round(void *block)
{
  if (++rounds < PTHREAD_DESTRUCTOR_ITERATIONS)
    pthread_setspecific(last_key, block);
  else
    COUNT_UNLESS(gilloc_large_put(block));
}

static void *end_with_block(void *block)
{
  pthread_setspecific(last_key, block);
  return NULL;
}

static void test_thread_without_destructors_gets_no_cache(void **state)
{
  pthread_t thread;
  (void)state;
  gilloc_large_put(gilloc_large_take(64 * KIB, 16)); /* its key comes before ours */
  gilloc_page_cache_trim(true);
  EXPECT_EQ(pthread_key_create(&last_key, put_in_last_round), 0);
  for (unsigned i = 0; i < 4; i++) { /* every other on the stack of one that freed a block */
    void *block = i % 2 == 0 ? gilloc_large_take(64 * KIB, 16) : NULL;
    EXPECT_EQ(pthread_create(&thread, NULL, end_with_block, block), 0);
    pthread_join(thread, NULL);
    EXPECT_EQ(gilloc_page_cache_counts().blocks, 0);
  }
  pthread_key_delete(last_key);
  EXPECT_EQ(test_failures, 0);
}

static atomic_bool is_over;

static void *use_blocks(void *number)
{
  struct test_random random = {(uintptr_t)number + 1};
  for (unsigned step = 0; step < 20000 / TEST_DIVISOR; step++) {
    size_t size = (40 + random_below(&random, 100)) * KIB;
    char *a = gilloc_large_take(size, 16), *b = gilloc_large_take(size, 16);
    a[0] = b[0] = 1;
    a[size - 1] = 2;
    COUNT_UNLESS(a != b && b[0] == 1);
    COUNT_UNLESS(gilloc_large_put(a) && gilloc_large_put(b));
  }
  if (number == 0)
    atomic_store(&is_over, true);
  return NULL;
}

static void *trim_all_the_time(void *unused)
{
  while (!atomic_load(&is_over))
    gilloc_page_cache_trim(true);
  return unused;
}

static void *use_or_trim(void *number)
{
  return (uintptr_t)number == 2 ? trim_all_the_time(NULL) : use_blocks(number);
}

static void test_trims_and_owners_lose_nothing_to_each_other(void **state)
{
  (void)state;
  run_threads(3, use_or_trim);
  EXPECT_EQ(test_failures, 0);
  EXPECT_EQ(gilloc_page_heap_counts().blocks, gilloc_page_cache_counts().blocks);
}

#define TEST(name) cmocka_unit_test_teardown(name, empty_caches)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(test_bins_follow_one_another),
      TEST(test_block_freed_last_is_handed_out_first),
      TEST(test_cached_block_is_no_live_one),
      TEST(test_cache_keeps_within_its_bounds),
      TEST(test_bin_and_large_sizes_have_their_bounds),
      TEST(test_no_block_is_cached_where_none_may_be),
      TEST(test_trim_leaves_what_was_used_since_the_last),
      TEST(test_thread_gives_its_blocks_back_at_its_end),
      TEST(test_trim_reaches_threads_that_sleep),
      TEST(test_child_of_a_fork_gets_what_others_cached),
      TEST(test_trim_reaches_its_own_threads_cache_without_membarrier),
      TEST(test_thread_without_destructors_gets_no_cache),
      TEST(test_trims_and_owners_lose_nothing_to_each_other),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
