/* flavours: none none-classic none-py39 none-py311 */
/* SPDX-License-Identifier: MIT
 *
 * test_size_class.c: sizes and classes against a table built here from the geometry's rule: a class every
 * alignment step to 512 (wide: to 1,024), then four a doubling.
 */
#include "expect.h"

#include "size_class.h"

static size_t wanted_bytes[128];
static unsigned wanted_count;

enum { LINEAR = GILLOC_BLOCK_MAX == 512 ? 512 : 1024 };

static int build_table(void **state)
{
  (void)state;
  wanted_count = 0;
  for (size_t bytes = GILLOC_ALIGNMENT; bytes <= LINEAR; bytes += GILLOC_ALIGNMENT)
    wanted_bytes[wanted_count++] = bytes;
  for (size_t low = LINEAR; low < GILLOC_BLOCK_MAX; low *= 2)
    for (size_t quarter = 1; quarter <= 4; quarter++)
      wanted_bytes[wanted_count++] = low + low / 4 * quarter;
  return 0;
}

static void test_classes_follow_the_rule(void **state)
{
  (void)state;
  EXPECT_EQ(GILLOC_CLASS_COUNT, wanted_count);
  for (unsigned c = 0; c < wanted_count; c++)
    EXPECT_EQ(gilloc_size_class_bytes(c), wanted_bytes[c]);
}

static void test_largest_class_is_the_largest_block(void **state)
{
  (void)state;
  EXPECT_EQ(gilloc_size_class_bytes(GILLOC_CLASS_COUNT - 1), GILLOC_BLOCK_MAX);
  EXPECT_TRUE(GILLOC_BLOCK_MAX == 512 || GILLOC_BLOCK_MAX >= 32768);
}

static void test_each_size_has_the_smallest_class_that_holds_it(void **state)
{
  (void)state;
  unsigned wanted = 0;
  for (size_t size = 1; size <= GILLOC_BLOCK_MAX; size++) {
    if (size > wanted_bytes[wanted])
      wanted++;
    EXPECT_EQ(gilloc_size_class_of(size), wanted);
  }
}

static void test_cpython_classes_are_size_less_one_over_alignment(void **state)
{
  (void)state;
  for (size_t size = 1; size <= 512; size++)
    EXPECT_EQ(gilloc_size_class_of(size), (size - 1) / GILLOC_ALIGNMENT);
}

static void test_covers_sizes_from_one_to_the_largest_block(void **state)
{
  (void)state;
  EXPECT_FALSE(gilloc_size_class_covers(0));
  EXPECT_TRUE(gilloc_size_class_covers(1));
  EXPECT_TRUE(gilloc_size_class_covers(GILLOC_BLOCK_MAX));
  EXPECT_FALSE(gilloc_size_class_covers((size_t)GILLOC_BLOCK_MAX + 1));
  EXPECT_FALSE(gilloc_size_class_covers(PTRDIFF_MAX));
  EXPECT_FALSE(gilloc_size_class_covers(SIZE_MAX));
}

static void test_divides_agrees_with_remainder_for_every_offset(void **state)
{
  (void)state;
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++)
    for (uint32_t offset = 0; offset < GILLOC_POOL_SIZE; offset++)
      if (gilloc_size_class_divides(c, offset) != (offset % wanted_bytes[c] == 0))
        fail_msg("class %u, offset %u", c, offset);
}

static unsigned smallest_aligned(size_t size, size_t alignment)
{
  for (unsigned c = 0; c < wanted_count; c++)
    if (wanted_bytes[c] >= size && wanted_bytes[c] % alignment == 0)
      return c;
  return GILLOC_CLASS_COUNT;
}

static void test_aligned_class_is_the_smallest_multiple_that_holds_the_size(void **state)
{
  (void)state;
  if (GILLOC_POOL_HEADER_INLINE)
    skip();
  for (size_t alignment = 1; alignment <= (size_t)1 << 22; alignment *= 2)
    for (size_t size = 1; size <= GILLOC_BLOCK_MAX; size += size < 1100 ? 1 : 37)
      if (gilloc_size_class_of_aligned(size, alignment) != smallest_aligned(size, alignment))
        fail_msg("size %zu, alignment %zu: %u, expected %u", size, alignment,
                 gilloc_size_class_of_aligned(size, alignment), smallest_aligned(size, alignment));
}

static void test_no_aligned_class_above_the_largest_block(void **state)
{
  (void)state;
  if (GILLOC_POOL_HEADER_INLINE)
    skip();
  EXPECT_EQ(gilloc_size_class_of_aligned((size_t)GILLOC_BLOCK_MAX + 1, 16), GILLOC_CLASS_COUNT);
  EXPECT_EQ(gilloc_size_class_of_aligned(1, (size_t)GILLOC_BLOCK_MAX * 2), GILLOC_CLASS_COUNT);
  EXPECT_EQ(gilloc_size_class_of_aligned(SIZE_MAX, 16), GILLOC_CLASS_COUNT);
  EXPECT_EQ(gilloc_size_class_of_aligned(1, (size_t)1 << 63), GILLOC_CLASS_COUNT);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_classes_follow_the_rule),
      cmocka_unit_test(test_largest_class_is_the_largest_block),
      cmocka_unit_test(test_each_size_has_the_smallest_class_that_holds_it),
      cmocka_unit_test(test_cpython_classes_are_size_less_one_over_alignment),
      cmocka_unit_test(test_covers_sizes_from_one_to_the_largest_block),
      cmocka_unit_test(test_divides_agrees_with_remainder_for_every_offset),
      cmocka_unit_test(test_aligned_class_is_the_smallest_multiple_that_holds_the_size),
      cmocka_unit_test(test_no_aligned_class_above_the_largest_block),
  };
  return cmocka_run_group_tests(tests, build_table, NULL);
}
