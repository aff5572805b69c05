/* flavours: none gil fine */
/* link: -Wl,--wrap=madvise */
/* SPDX-License-Identifier: MIT
 *
 * test_settings.c: an option that is set at run time is told to the module that does what it says. Whether
 * what the environment says is told too is in conformance/test_options_at_start.c.
 */
#include "expect.h"
#include "fixture.h"
#include "threads.h"

#include "arena.h"
#include "depot.h"
#include "os_memory.h"
#include "page_cache.h"
#include "page_heap.h"
#include "purge.h"
#include "tcache.h"

#include <gilloc/gilloc.h>
#include <gilloc/options.h>

enum { MIB = 1 << 20, BLOCKS = 4000, SIZE = 500 };

int __real_madvise(void *start, size_t bytes, int advice);
int __wrap_madvise(void *start, size_t bytes, int advice);

static _Atomic unsigned huge_asked;

int __wrap_madvise(void *start, size_t bytes, int advice)
{
  atomic_fetch_add(&huge_asked, advice == MADV_HUGEPAGE);
  return __real_madvise(start, bytes, advice);
}

static void set(enum gilloc_option option, int64_t value)
{
  EXPECT_EQ(gilloc_options_set(option, value), 0);
}

static int restore(void **state)
{
  (void)state;
  for (int option = 0;; option++) {
    struct gilloc_option_range range;
    if (!gilloc_options_range((enum gilloc_option)option, &range))
      return 0;
    gilloc_options_set((enum gilloc_option)option, range.initial);
  }
}

static void use_many_blocks(void)
{
  static char *blocks[BLOCKS];
  for (unsigned i = 0; i < BLOCKS; i++)
    blocks[i] = memset(gilloc_malloc(SIZE), 1, SIZE);
  for (unsigned i = 0; i < BLOCKS; i++)
    gilloc_free(blocks[i]);
}

static void make_dirty(size_t bytes)
{
  char *block = gilloc_malloc(bytes);
  memset(block, 1, bytes);
  gilloc_free(block);
}

static void *use_a_thread_s_cache(void *unused)
{
  use_many_blocks();
  COUNT_UNLESS(gilloc_tcache_self.rest->budgets[0] == 0 && gilloc_tcache_self.rest->budgets[1] == 0);
  make_dirty(100000);
  COUNT_UNLESS(gilloc_page_cache_bytes() == 0);
  return unused;
}

static void test_cache_bytes_bounds_the_caches_of_new_threads(void **state)
{
  (void)state;
  if (!GILLOC_HAS_TCACHE)
    skip();
  set(GILLOC_OPTION_CACHE_BYTES, 0);
  gilloc_trim(0);
  run_threads(1, use_a_thread_s_cache);
  EXPECT_EQ(test_failures, 0);
}

static void test_cache_total_bytes_bounds_the_depot(void **state)
{
  (void)state;
  if (!GILLOC_HAS_TCACHE)
    skip();
  use_many_blocks();
  EXPECT_TRUE(gilloc_depot_bytes() > 0);
  gilloc_depot_drain_all();
  set(GILLOC_OPTION_CACHE_TOTAL_BYTES, 0);
  use_many_blocks();
  EXPECT_EQ(gilloc_depot_bytes(), 0);
}

static void test_decay_of_nothing_gives_back_at_once(void **state)
{
  (void)state;
  set(GILLOC_OPTION_DECAY_MS, -1);
  make_dirty(20 * MIB);
  EXPECT_TRUE(gilloc_page_heap_purgeable() >= 20 * MIB);
  set(GILLOC_OPTION_DECAY_MS, 0);
  make_dirty(20 * MIB);
  EXPECT_LE(gilloc_page_heap_purgeable(), MIB);
}

static void test_without_background_no_thread_is_started(void **state)
{
  (void)state;
  set(GILLOC_OPTION_BACKGROUND, 0);
  size_t started = gilloc_purge_counts().threads_started;
  make_dirty(40 * MIB);
  make_dirty(40 * MIB);
  EXPECT_EQ(gilloc_purge_counts().threads_started, started);
}

static void test_limits_are_told_together(void **state)
{
  (void)state;
  set(GILLOC_OPTION_SOFT_LIMIT, 100 * MIB);
  set(GILLOC_OPTION_HARD_LIMIT, 200 * MIB);
  EXPECT_EQ(gilloc_os_counts().soft_limit, 100 * MIB);
  EXPECT_EQ(gilloc_os_counts().hard_limit, 200 * MIB);
  set(GILLOC_OPTION_SOFT_LIMIT, 0);
  EXPECT_EQ(gilloc_os_counts().soft_limit, 0);
  EXPECT_EQ(gilloc_os_counts().hard_limit, 200 * MIB);
}

/* More of them than an arena has room for. */
static void need_an_arena(void)
{
  enum { COUNT = 2 * GILLOC_ARENA_SIZE / GILLOC_BLOCK_MAX };
  static void *blocks[COUNT];
  for (unsigned i = 0; i < COUNT; i++)
    blocks[i] = gilloc_malloc(GILLOC_BLOCK_MAX);
  for (unsigned i = 0; i < COUNT; i++)
    gilloc_free(blocks[i]);
  gilloc_trim(0);
}

static void test_thp_asks_for_huge_pages(void **state)
{
  (void)state;
  atomic_store(&huge_asked, 0);
  need_an_arena();
  EXPECT_EQ(huge_asked, 0);
  set(GILLOC_OPTION_THP, 1);
  need_an_arena();
  EXPECT_TRUE(huge_asked > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, threads_begin, restore)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(test_without_background_no_thread_is_started), /* before any has started one */
      TEST(test_cache_bytes_bounds_the_caches_of_new_threads),
      TEST(test_cache_total_bytes_bounds_the_depot),
      TEST(test_decay_of_nothing_gives_back_at_once),
      TEST(test_limits_are_told_together),
      TEST(test_thp_asks_for_huge_pages),
  };
  return cmocka_run_group_tests(tests, hold_gil, drop_gil);
}
