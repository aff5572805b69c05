/* flavours: none none-classic fine */
/* SPDX-License-Identifier: MIT
 *
 * test_block.c: the mark that tells a free block from a live one.
 */
#include "expect.h"

#include "block.h"

static void test_marked_free_block_is_free(void **state)
{
  (void)state;
  struct gilloc_block block = {NULL, 0};
  gilloc_block_mark_free(&block);
  EXPECT_TRUE(gilloc_block_is_free(&block));
}

static void test_marked_live_block_is_not_free(void **state)
{
  (void)state;
  struct gilloc_block block;
  gilloc_block_mark_free(&block);
  gilloc_block_mark_live(&block);
  EXPECT_FALSE(gilloc_block_is_free(&block));
}

static void test_block_of_zeros_is_not_free(void **state)
{
  (void)state;
  struct gilloc_block block = {NULL, 0};
  EXPECT_FALSE(gilloc_block_is_free(&block));
}

static void test_mark_does_not_travel_to_another_address(void **state)
{
  (void)state;
  struct gilloc_block blocks[2] = {{NULL, 0}, {NULL, 0}};
  gilloc_block_mark_free(&blocks[0]);
  blocks[1] = blocks[0];
  EXPECT_FALSE(gilloc_block_is_free(&blocks[1]));
}

static void test_marks_leave_the_link_alone(void **state)
{
  (void)state;
  struct gilloc_block other = {NULL, 0};
  struct gilloc_block block = {&other, 0};
  gilloc_block_mark_free(&block);
  EXPECT_PTR_EQ(block.next, &other);
  gilloc_block_mark_live(&block);
  EXPECT_PTR_EQ(block.next, &other);
}

static void test_secret_is_never_zero(void **state)
{
  (void)state;
  EXPECT_TRUE(gilloc_block_secret != 0);
}

static void test_only_blocks_of_one_word_lack_a_key(void **state)
{
  (void)state;
  for (size_t bytes = GILLOC_ALIGNMENT; bytes <= GILLOC_BLOCK_MAX; bytes += GILLOC_ALIGNMENT)
    EXPECT_EQ(gilloc_block_has_key(bytes), bytes > sizeof(void *));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_marked_free_block_is_free),
      cmocka_unit_test(test_marked_live_block_is_not_free),
      cmocka_unit_test(test_block_of_zeros_is_not_free),
      cmocka_unit_test(test_mark_does_not_travel_to_another_address),
      cmocka_unit_test(test_marks_leave_the_link_alone),
      cmocka_unit_test(test_secret_is_never_zero),
      cmocka_unit_test(test_only_blocks_of_one_word_lack_a_key),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
