/* flavours: fine fine-classic */
/* SPDX-License-Identifier: MIT
 *
 * test_magazine.c: the array of blocks that one pointer describes: what is full, what is empty, whose it is.
 */
#include "expect.h"
#include "fixture.h"

#include "magazine.h"

static _Alignas(GILLOC_MAGAZINE_BYTES) struct gilloc_magazine magazines[2];
static struct gilloc_block blocks[GILLOC_MAGAZINE_SLOTS];
static struct gilloc_block sentinel;

static const uint32_t capacities[] = {
    0, 1, 2, 3, 31, 32, 100, GILLOC_MAGAZINE_SLOTS - 1, GILLOC_MAGAZINE_SLOTS};

#define EACH_CAPACITY(i) (unsigned i = 0; i < sizeof capacities / sizeof capacities[0]; i++)

/* An empty magazine with its sentinel. */
static struct gilloc_magazine *prepare(uint32_t capacity)
{
  struct gilloc_magazine *magazine = &magazines[0];
  gilloc_magazine_init(magazine, 5, capacity);
  gilloc_magazine_bottom(magazine)[-1] = &sentinel;
  return magazine;
}

static void test_magazines_end_is_aligned(void **state)
{
  (void)state;
  EXPECT_EQ(sizeof(struct gilloc_magazine), GILLOC_MAGAZINE_BYTES);
  EXPECT_ALIGNED(gilloc_magazine_end(&magazines[0]), GILLOC_MAGAZINE_BYTES);
  EXPECT_PTR_EQ(gilloc_magazine_end(&magazines[0]), &magazines[1]);
}

static void test_new_magazine_is_empty_and_of_its_class(void **state)
{
  (void)state;
  for
    EACH_CAPACITY(i)
    {
      struct gilloc_magazine *magazine = prepare(capacities[i]);
      EXPECT_EQ(gilloc_magazine_count(magazine), 0);
      EXPECT_EQ(magazine->size_class, 5);
      EXPECT_EQ(magazine->capacity, capacities[i]);
      EXPECT_PTR_EQ(magazine->top[-1], &sentinel);
    }
}

/* The sentinel of the largest magazine is in the first slot, after the header. */
static void test_every_capacity_leaves_room_for_the_sentinel(void **state)
{
  (void)state;
  for
    EACH_CAPACITY(i)
  EXPECT_TRUE(gilloc_magazine_bottom(prepare(capacities[i])) - 1 >= magazines[0].slots);
  EXPECT_PTR_EQ(gilloc_magazine_bottom(prepare(GILLOC_MAGAZINE_SLOTS)) - 1, magazines[0].slots);
}

static void test_magazine_is_full_after_as_many_blocks_as_its_capacity(void **state)
{
  (void)state;
  for
    EACH_CAPACITY(i)
    {
      struct gilloc_magazine *magazine = prepare(capacities[i]);
      for (uint32_t count = 0; count < capacities[i]; count++) {
        EXPECT_FALSE(gilloc_magazine_is_full(magazine->top));
        *magazine->top++ = &blocks[count];
        EXPECT_EQ(gilloc_magazine_count(magazine), count + 1);
      }
      EXPECT_TRUE(gilloc_magazine_is_full(magazine->top));
    }
}

static void test_blocks_lie_from_the_bottom_up(void **state)
{
  (void)state;
  struct gilloc_magazine *magazine = prepare(10);
  for (unsigned count = 0; count < 7; count++)
    *magazine->top++ = &blocks[count];
  for (unsigned count = 0; count < 7; count++)
    EXPECT_PTR_EQ(gilloc_magazine_bottom(magazine)[count], &blocks[count]);
}

static void test_every_top_leads_to_its_magazine(void **state)
{
  (void)state;
  for (unsigned m = 0; m < 2; m++) {
    gilloc_magazine_init(&magazines[m], 0, GILLOC_MAGAZINE_SLOTS);
    for (struct gilloc_block **top = magazines[m].top; top <= gilloc_magazine_end(&magazines[m]); top++)
      EXPECT_PTR_EQ(gilloc_magazine_of(top), &magazines[m]);
  }
}

static void test_magazine_without_slots_is_empty_and_full_at_once(void **state)
{
  (void)state;
  struct gilloc_magazine *magazine = prepare(0);
  EXPECT_TRUE(gilloc_magazine_is_full(magazine->top));
  EXPECT_PTR_EQ(magazine->top[-1], &sentinel);
  EXPECT_PTR_EQ(gilloc_magazine_of(magazine->top), magazine);
}

static void test_magazine_has_its_blocks_and_no_others(void **state)
{
  (void)state;
  struct gilloc_magazine *magazine = prepare(10);
  for (unsigned i = 0; i < 10; i++)
    *magazine->top++ = &blocks[i];
  magazine->top -= 3;
  for (unsigned i = 0; i < 20; i++)
    EXPECT_EQ(gilloc_magazine_has(magazine, &blocks[i]), i < 7);
  EXPECT_FALSE(gilloc_magazine_has(magazine, &sentinel));
}

/* However often a pop has tried the sentinel, it never looks like a block with a magazine's key. */
static void test_sentinel_stays_no_block(void **state)
{
  (void)state;
  struct gilloc_block local = {NULL, 0};
  for (unsigned i = 0; i < 100000; i++)
    EXPECT_FALSE(gilloc_block_unmark_cached(&local));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_magazines_end_is_aligned),
      cmocka_unit_test(test_new_magazine_is_empty_and_of_its_class),
      cmocka_unit_test(test_every_capacity_leaves_room_for_the_sentinel),
      cmocka_unit_test(test_magazine_is_full_after_as_many_blocks_as_its_capacity),
      cmocka_unit_test(test_blocks_lie_from_the_bottom_up),
      cmocka_unit_test(test_every_top_leads_to_its_magazine),
      cmocka_unit_test(test_magazine_without_slots_is_empty_and_full_at_once),
      cmocka_unit_test(test_magazine_has_its_blocks_and_no_others),
      cmocka_unit_test(test_sentinel_stays_no_block),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
