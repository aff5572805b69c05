/* flavours: none none-py311 */
/* SPDX-License-Identifier: MIT
 *
 * test_raw.c: the raw domain, the C library's allocator as CPython uses it.
 */
#include "expect.h"
#include "fixture.h"
#include "impossible_sizes.h"

#include "raw.h"

static void test_zero_bytes_are_a_block_of_their_own(void **state)
{
  (void)state;
  void *a = gilloc_raw_malloc(0), *b = gilloc_raw_malloc(0), *c = gilloc_raw_calloc(0, 8);
  EXPECT_NOT_NULL(a);
  EXPECT_NOT_NULL(b);
  EXPECT_NOT_NULL(c);
  EXPECT_PTR_NE(a, b);
  EXPECT_TRUE(gilloc_raw_usable_size(a) >= 1);
  gilloc_raw_free(a);
  gilloc_raw_free(b);
  gilloc_raw_free(c);
}

static void test_calloc_zeroes(void **state)
{
  (void)state;
  void *used = gilloc_raw_malloc(700);
  memset(used, 0xff, 700);
  gilloc_raw_free(used);
  char *block = gilloc_raw_calloc(7, 100);
  for (unsigned i = 0; i < 700; i++)
    EXPECT_EQ(block[i], 0);
  gilloc_raw_free(block);
}

static void test_too_much_is_null_with_enomem(void **state)
{
  (void)state;
  errno = 0;
  EXPECT_NULL(gilloc_raw_malloc(PTRDIFF_MAX));
  EXPECT_EQ(errno, ENOMEM);
  errno = 0;
  EXPECT_NULL(gilloc_raw_calloc(SIZE_MAX / 2, 3));
  EXPECT_EQ(errno, ENOMEM);
}

static void test_realloc_keeps_contents(void **state)
{
  (void)state;
  char *block = gilloc_raw_malloc(600);
  memset(block, 'r', 600);
  block = gilloc_raw_realloc(block, 60000);
  for (unsigned i = 0; i < 600; i++)
    EXPECT_EQ(block[i], 'r');
  block = gilloc_raw_realloc(block, 300);
  for (unsigned i = 0; i < 300; i++)
    EXPECT_EQ(block[i], 'r');
  gilloc_raw_free(block);
}

/* As CPython: a block of one byte, never a free. */
static void test_realloc_to_zero_keeps_a_block(void **state)
{
  (void)state;
  void *block = gilloc_raw_realloc(gilloc_raw_malloc(600), 0);
  EXPECT_NOT_NULL(block);
  gilloc_raw_free(block);
}

static void test_memalign_aligns(void **state)
{
  (void)state;
  for (size_t alignment = 16; alignment <= (size_t)1 << 20; alignment *= 2) {
    char *block = gilloc_raw_memalign(alignment, 100);
    EXPECT_NOT_NULL(block);
    EXPECT_ALIGNED(block, alignment);
    memset(block, 1, 100);
    gilloc_raw_free(block);
  }
}

static void test_usable_size_is_at_least_what_was_asked_for(void **state)
{
  (void)state;
  for (size_t size = 513; size < 100000; size = size * 3 / 2) {
    void *block = gilloc_raw_malloc(size);
    EXPECT_TRUE(gilloc_raw_usable_size(block) >= size);
    gilloc_raw_free(block);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_zero_bytes_are_a_block_of_their_own),
      cmocka_unit_test(test_calloc_zeroes),
      cmocka_unit_test(test_too_much_is_null_with_enomem),
      cmocka_unit_test(test_realloc_keeps_contents),
      cmocka_unit_test(test_realloc_to_zero_keeps_a_block),
      cmocka_unit_test(test_memalign_aligns),
      cmocka_unit_test(test_usable_size_is_at_least_what_was_asked_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
