/* SPDX-License-Identifier: MIT
 *
 * gilloc_free_sized, gilloc_free_aligned_sized and gilloc_trim: what they take, and what they give back.
 */
#include "expect.h"

#include "heap_check.h"
#include "size_class.h"
#include "tcache.h"

#include <errno.h>
#include <gilloc/gilloc.h>
#include <gilloc/stats.h>

static void test_a_block_freed_with_its_size_is_handed_out_again(void **state)
{
  (void)state;
  for (size_t size = 1; size <= GILLOC_BLOCK_MAX; size += 1 + size / 7) {
    void *p = gilloc_malloc(size);
    gilloc_free_sized(p, size);
    void *q = gilloc_calloc(1, size);
    EXPECT_PTR_EQ(q, p);
    gilloc_free_sized(q, size);
  }
}

static void test_every_size_that_a_block_can_have_been_asked_with_is_taken(void **state)
{
  (void)state;
  gilloc_free_sized(gilloc_malloc(0), 0);
  gilloc_free_sized(gilloc_malloc(500000), 500000);
  gilloc_free_sized(gilloc_realloc(gilloc_malloc(500000), 300000), 300000);
  gilloc_free_sized(gilloc_realloc(gilloc_malloc(512), 400), 400);
  gilloc_free_sized(gilloc_realloc(gilloc_malloc(100), 30000), 30000);
  gilloc_free_aligned_sized(gilloc_aligned_alloc(256, 10), 256, 10);
  gilloc_free_aligned_sized(gilloc_aligned_alloc(1 << 20, 10), 1 << 20, 10);
  gilloc_free_sized(NULL, 5);
  gilloc_free_aligned_sized(NULL, 64, 5);
}

/* A block above the linear sizes that stayed where it was would be taken for one of them. */
static void test_a_block_that_shrank_is_freed_with_its_size(void **state)
{
  enum { BLOCKS = 3 };
  void *blocks[BLOCKS];
  (void)state;
  for (size_t size = GILLOC_LINEAR_MAX - 100; size <= GILLOC_LINEAR_MAX; size++) {
    gilloc_free(gilloc_malloc(size)); /* there is a magazine of its class */
    for (unsigned i = 0; i < BLOCKS; i++) {
      blocks[i] = gilloc_realloc(gilloc_malloc(GILLOC_LINEAR_MAX + 1 + i), size);
      if (GILLOC_SIZE_TELLS_CLASS)
        EXPECT_EQ(gilloc_usable_size(blocks[i]), gilloc_size_class_bytes(gilloc_size_class_of(size)));
    }
    for (unsigned i = 0; i < BLOCKS; i++)
      gilloc_free_sized(blocks[i], size);
  }
  EXPECT_LE(gilloc_trim(0), 1); /* to the centre, which would find a block of another class */
}

static void test_trim_gives_back_what_only_the_cache_held(void **state)
{
  (void)state;
  enum { BLOCKS = 3 * (GILLOC_ARENA_SIZE / GILLOC_POOL_SIZE) };
  struct gilloc_heap_stats stats;
  void *blocks[BLOCKS];
  for (unsigned i = 0; i < BLOCKS; i++)
    blocks[i] = gilloc_malloc(GILLOC_BLOCK_MAX);
  for (unsigned i = 0; i < BLOCKS; i++)
    gilloc_free(blocks[i]);
  errno = 4711;
  EXPECT_EQ(gilloc_trim(SIZE_MAX), 0);
  EXPECT_LE(gilloc_trim(0), 1);
  EXPECT_EQ(gilloc_trim(0), 0);
  EXPECT_EQ(errno, 4711);
  gilloc_heap_stats_read(&stats);
  EXPECT_LE(stats.arenas_current, 1);
  EXPECT_EQ(GILLOC_HAS_TCACHE ? gilloc_tcache_bytes() : 0, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_block_freed_with_its_size_is_handed_out_again),
      cmocka_unit_test(test_every_size_that_a_block_can_have_been_asked_with_is_taken),
      cmocka_unit_test(test_a_block_that_shrank_is_freed_with_its_size),
      cmocka_unit_test(test_trim_gives_back_what_only_the_cache_held),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
