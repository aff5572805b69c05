/* flavours: all */
/* SPDX-License-Identifier: MIT
 *
 * test_heap_aligned.c: gilloc_aligned_alloc and gilloc_posix_memalign, in every flavour.
 */
#include "expect.h"
#include "fixture.h"
#include "impossible_sizes.h"

#include "geometry.h"

#include <gilloc/gilloc.h>

static void test_aligned_blocks_lie_at_every_alignment(void **state)
{
  (void)state;
  static const size_t sizes[] = {1, 17, 100, 512, 513, 5000, 32768, 40000, 300000};
  enum { COUNT = sizeof sizes / sizeof sizes[0] };
  for (size_t alignment = 1; alignment <= (size_t)1 << 22; alignment *= 2) {
    void *blocks[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
      blocks[i] = gilloc_aligned_alloc(alignment, sizes[i]);
      EXPECT_NOT_NULL(blocks[i]);
      EXPECT_ALIGNED(blocks[i], alignment);
      EXPECT_ALIGNED(blocks[i], GILLOC_ALIGNMENT);
      fill(blocks[i], gilloc_usable_size(blocks[i]), i);
    }
    for (unsigned i = 0; i < COUNT; i++) {
      EXPECT_TRUE(gilloc_usable_size(blocks[i]) >= sizes[i]);
      EXPECT_TRUE(is_filled(blocks[i], sizes[i], i));
      gilloc_free(blocks[i]);
    }
  }
}

static void test_many_aligned_blocks_of_one_kind_do_not_overlap(void **state)
{
  (void)state;
  void *blocks[300];
  for (size_t alignment = 32; alignment <= 65536; alignment *= 4) {
    for (unsigned i = 0; i < 300; i++) {
      blocks[i] = gilloc_aligned_alloc(alignment, 300);
      EXPECT_ALIGNED(blocks[i], alignment);
      fill(blocks[i], 300, i);
    }
    for (unsigned i = 0; i < 300; i++) {
      EXPECT_TRUE(is_filled(blocks[i], 300, i));
      gilloc_free(blocks[i]);
    }
  }
}

static void test_aligned_block_can_be_reallocated(void **state)
{
  (void)state;
  for (size_t alignment = 16; alignment <= (size_t)1 << 22; alignment *= 4) {
    char *block = gilloc_aligned_alloc(alignment, 1000);
    fill(block, 1000, 3);
    block = gilloc_realloc(block, 100000);
    EXPECT_TRUE(is_filled(block, 1000, 3));
    block = gilloc_realloc(block, 500);
    EXPECT_TRUE(is_filled(block, 500, 3));
    gilloc_free(block);
  }
}

static void test_alignment_that_is_no_power_of_two_is_einval(void **state)
{
  (void)state;
  static const size_t alignments[] = {0, 3, 6, 24, 48, 4095, SIZE_MAX};
  for (unsigned i = 0; i < sizeof alignments / sizeof alignments[0]; i++) {
    errno = 0;
    EXPECT_NULL(gilloc_aligned_alloc(alignments[i], 64));
    EXPECT_EQ(errno, EINVAL);
  }
}

static void test_alignment_beyond_memory_is_enomem(void **state)
{
  (void)state;
  for (unsigned bit = 50; bit < 64; bit++) {
    errno = 0;
    EXPECT_NULL(gilloc_aligned_alloc((size_t)1 << bit, 64));
    EXPECT_EQ(errno, ENOMEM);
  }
}

static void test_posix_memalign_gives_blocks(void **state)
{
  (void)state;
  for (size_t alignment = sizeof(void *); alignment <= (size_t)1 << 20; alignment *= 2) {
    void *block = NULL;
    EXPECT_EQ(gilloc_posix_memalign(&block, alignment, 777), 0);
    EXPECT_ALIGNED(block, alignment);
    fill(block, 777, 1);
    gilloc_free(block);
  }
}

static void test_posix_memalign_that_fails_touches_nothing(void **state)
{
  (void)state;
  int here;
  void *out = &here;
  errno = 4711;
  EXPECT_EQ(gilloc_posix_memalign(&out, 0, 8), EINVAL);
  EXPECT_EQ(gilloc_posix_memalign(&out, 4, 8), EINVAL);
  EXPECT_EQ(gilloc_posix_memalign(&out, 24, 8), EINVAL);
  EXPECT_EQ(gilloc_posix_memalign(&out, 64, SIZE_MAX), ENOMEM);
  EXPECT_EQ(gilloc_posix_memalign(&out, 64, PTRDIFF_MAX), ENOMEM);
  EXPECT_EQ(gilloc_posix_memalign(&out, (size_t)1 << 62, 8), ENOMEM);
  EXPECT_PTR_EQ(out, &here);
  EXPECT_EQ(errno, 4711);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_aligned_blocks_lie_at_every_alignment),
      cmocka_unit_test(test_many_aligned_blocks_of_one_kind_do_not_overlap),
      cmocka_unit_test(test_aligned_block_can_be_reallocated),
      cmocka_unit_test(test_alignment_that_is_no_power_of_two_is_einval),
      cmocka_unit_test(test_alignment_beyond_memory_is_enomem),
      cmocka_unit_test(test_posix_memalign_gives_blocks),
      cmocka_unit_test(test_posix_memalign_that_fails_touches_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
