/* flavours: none fine */
/* SPDX-License-Identifier: MIT
 *
 * test_radix.c: the tree from keys to words, against a plain array; readers beside a writer.
 */
#include "expect.h"
#include "fixture.h"

#include "radix.h"

enum { ROOT_BITS = 6, LEAF_BITS = 9, KEYS = 1 << (ROOT_BITS + LEAF_BITS), LEAF = 1 << LEAF_BITS };

static const struct gilloc_radix_shape shape = {ROOT_BITS, LEAF_BITS};
static uint64_t seed;

static void test_empty_tree_answers_zero(void **state)
{
  (void)state;
  static gilloc_radix_root root[1 << ROOT_BITS];
  for (uintptr_t key = 0; key < KEYS; key++)
    EXPECT_EQ(gilloc_radix_find(root, shape, key), 0);
}

static void test_keys_beyond_the_tree_answer_zero(void **state)
{
  (void)state;
  static gilloc_radix_root root[1 << ROOT_BITS];
  EXPECT_TRUE(gilloc_radix_reserve(root, shape, 0, KEYS));
  gilloc_radix_set(root, shape, 5, 77);
  EXPECT_EQ(gilloc_radix_find(root, shape, KEYS), 0);
  EXPECT_EQ(gilloc_radix_find(root, shape, (uintptr_t)KEYS + 5), 0);
  EXPECT_EQ(gilloc_radix_find(root, shape, UINTPTR_MAX), 0);
}

static void test_reserved_keys_answer_zero_until_set(void **state)
{
  (void)state;
  static gilloc_radix_root root[1 << ROOT_BITS];
  EXPECT_TRUE(gilloc_radix_reserve(root, shape, 100, 50));
  for (uintptr_t key = 100; key < 150; key++)
    EXPECT_EQ(gilloc_radix_find(root, shape, key), 0);
}

static void test_set_changes_one_key_alone(void **state)
{
  (void)state;
  static gilloc_radix_root root[1 << ROOT_BITS];
  EXPECT_TRUE(gilloc_radix_reserve(root, shape, 1000, 1));
  gilloc_radix_set(root, shape, 1000, 42);
  for (uintptr_t key = 0; key < KEYS; key++)
    EXPECT_EQ(gilloc_radix_find(root, shape, key), key == 1000 ? 42 : 0);
}

static void test_range_may_span_leaves(void **state)
{
  (void)state;
  static gilloc_radix_root root[1 << ROOT_BITS];
  uintptr_t first = 3 * LEAF - 2, count = 2 * LEAF + 4;
  EXPECT_TRUE(gilloc_radix_reserve(root, shape, first, count));
  for (uintptr_t i = 0; i < count; i++)
    gilloc_radix_set(root, shape, first + i, i + 1);
  for (uintptr_t i = 0; i < count; i++)
    EXPECT_EQ(gilloc_radix_find(root, shape, first + i), i + 1);
}

static void test_last_key_can_be_reserved(void **state)
{
  (void)state;
  static gilloc_radix_root root[1 << ROOT_BITS];
  EXPECT_TRUE(gilloc_radix_reserve(root, shape, KEYS - 1, 1));
  gilloc_radix_set(root, shape, KEYS - 1, 9);
  EXPECT_EQ(gilloc_radix_find(root, shape, KEYS - 1), 9);
}

static void test_keys_beyond_the_tree_cannot_be_reserved(void **state)
{
  (void)state;
  static gilloc_radix_root root[1 << ROOT_BITS];
  EXPECT_FALSE(gilloc_radix_reserve(root, shape, KEYS, 1));
  EXPECT_FALSE(gilloc_radix_reserve(root, shape, KEYS - 1, 2));
  EXPECT_FALSE(gilloc_radix_reserve(root, shape, UINTPTR_MAX, 1));
}

static void test_reserving_again_keeps_the_words(void **state)
{
  (void)state;
  static gilloc_radix_root root[1 << ROOT_BITS];
  EXPECT_TRUE(gilloc_radix_reserve(root, shape, 10, 10));
  gilloc_radix_set(root, shape, 15, 3);
  EXPECT_TRUE(gilloc_radix_reserve(root, shape, 0, LEAF));
  EXPECT_EQ(gilloc_radix_find(root, shape, 15), 3);
}

static void test_tree_agrees_with_an_array(void **state)
{
  (void)state;
  static gilloc_radix_root root[1 << ROOT_BITS];
  static uintptr_t model[KEYS];
  struct test_random random = {seed};
  for (unsigned step = 0; step < 20000; step++) {
    uintptr_t key = random_below(&random, KEYS);
    EXPECT_TRUE(gilloc_radix_reserve(root, shape, key, 1));
    model[key] = random_below(&random, 3) ? random_u64(&random) : 0;
    gilloc_radix_set(root, shape, key, model[key]);
  }
  for (uintptr_t key = 0; key < KEYS; key++)
    EXPECT_EQ(gilloc_radix_find(root, shape, key), model[key]);
}

static gilloc_radix_root shared_root[1 << ROOT_BITS];
static _Atomic bool written;

/* Every word must be 0 or point at a word that holds the key: it was written before it was entered. */
static void *read_until_written(void *unused)
{
  (void)unused;
  bool last_round = false;
  while (!last_round) {
    last_round = atomic_load(&written);
    for (uintptr_t key = 0; key < KEYS; key++) {
      const uintptr_t *pointee = (const uintptr_t *)gilloc_radix_find(shared_root, shape, key);
      COUNT_UNLESS(!last_round || pointee);
      COUNT_UNLESS(!pointee || *pointee == key);
    }
  }
  return NULL;
}

static void test_readers_see_what_a_word_points_at(void **state)
{
  (void)state;
  static uintptr_t pointees[KEYS];
  pthread_t readers[2];
  for (unsigned i = 0; i < 2; i++)
    pthread_create(&readers[i], NULL, read_until_written, NULL);
  for (uintptr_t i = 0; i < KEYS; i++) {
    uintptr_t key = (i * 4099) % KEYS;
    pointees[key] = key;
    EXPECT_TRUE(gilloc_radix_reserve(shared_root, shape, key, 1));
    gilloc_radix_set(shared_root, shape, key, (uintptr_t)&pointees[key]);
  }
  atomic_store(&written, true);
  for (unsigned i = 0; i < 2; i++)
    join_thread(readers[i]);
  EXPECT_EQ(test_failures, 0);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_empty_tree_answers_zero),
      cmocka_unit_test(test_keys_beyond_the_tree_answer_zero),
      cmocka_unit_test(test_reserved_keys_answer_zero_until_set),
      cmocka_unit_test(test_set_changes_one_key_alone),
      cmocka_unit_test(test_range_may_span_leaves),
      cmocka_unit_test(test_last_key_can_be_reserved),
      cmocka_unit_test(test_keys_beyond_the_tree_cannot_be_reserved),
      cmocka_unit_test(test_reserving_again_keeps_the_words),
      cmocka_unit_test(test_tree_agrees_with_an_array),
      cmocka_unit_test(test_readers_see_what_a_word_points_at),
  };
  seed = test_seed(argc, argv);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
