/* flavours: none gil fine none-classic none-py39 none-py311 fine-classic fine-py311 */
/* SPDX-License-Identifier: MIT
 *
 * test_arena_map.c: address -> arena and class, for our addresses and for anybody's. The arenas here are
 * records of the test and the addresses are reserved but cannot be touched, so a look-up that reads what
 * it is asked about dies.
 */
#include "expect.h"
#include "fixture.h"

#include "arena_map.h"

enum { POOLS = 64, BYTES = POOLS * GILLOC_POOL_SIZE };

static _Alignas(GILLOC_ARENA_MAP_RECORD_ALIGNMENT) char records[2][GILLOC_ARENA_MAP_RECORD_ALIGNMENT];

static struct gilloc_arena *arena_number(unsigned i)
{
  return (struct gilloc_arena *)(void *)records[i];
}

static char *insert(unsigned i)
{
  char *start = reserve_addresses(BYTES, GILLOC_POOL_SIZE);
  EXPECT_NOT_NULL(start);
  EXPECT_TRUE(gilloc_arena_map_insert(arena_number(i), start, POOLS));
  return start;
}

static void test_inserted_pools_belong_to_the_arena_and_are_not_in_use(void **state)
{
  (void)state;
  char *start = insert(0);
  for (unsigned pool = 0; pool < POOLS; pool++) {
    uintptr_t word = gilloc_arena_map_find(start + (size_t)pool * GILLOC_POOL_SIZE);
    EXPECT_PTR_EQ(gilloc_arena_map_arena(word), arena_number(0));
    EXPECT_EQ(gilloc_arena_map_code(word), 0);
  }
}

static void test_every_byte_of_a_pool_has_its_word(void **state)
{
  (void)state;
  char *start = insert(0);
  gilloc_arena_map_set_code(arena_number(0), start + GILLOC_POOL_SIZE, 7);
  uintptr_t word = gilloc_arena_map_find(start + GILLOC_POOL_SIZE);
  for (size_t offset = 0; offset < GILLOC_POOL_SIZE; offset++)
    EXPECT_EQ(gilloc_arena_map_find(start + GILLOC_POOL_SIZE + offset), word);
}

static void test_arena_ends_at_its_last_byte(void **state)
{
  (void)state;
  char *start = insert(0);
  EXPECT_EQ(gilloc_arena_map_find(start - 1), 0);
  EXPECT_PTR_EQ(gilloc_arena_map_arena(gilloc_arena_map_find(start + BYTES - 1)), arena_number(0));
  EXPECT_EQ(gilloc_arena_map_find(start + BYTES), 0);
}

static void test_code_changes_one_pool_alone(void **state)
{
  (void)state;
  char *start = insert(0);
  gilloc_arena_map_set_code(arena_number(0), start + 3 * GILLOC_POOL_SIZE, GILLOC_CLASS_COUNT);
  for (unsigned pool = 0; pool < POOLS; pool++) {
    uintptr_t word = gilloc_arena_map_find(start + (size_t)pool * GILLOC_POOL_SIZE);
    EXPECT_PTR_EQ(gilloc_arena_map_arena(word), arena_number(0));
    EXPECT_EQ(gilloc_arena_map_code(word), pool == 3 ? GILLOC_CLASS_COUNT : 0);
  }
}

static void test_code_can_be_set_back(void **state)
{
  (void)state;
  char *start = insert(0);
  gilloc_arena_map_set_code(arena_number(0), start, 1);
  gilloc_arena_map_set_code(arena_number(0), start, 0);
  EXPECT_EQ(gilloc_arena_map_code(gilloc_arena_map_find(start)), 0);
  EXPECT_PTR_EQ(gilloc_arena_map_arena(gilloc_arena_map_find(start)), arena_number(0));
}

static void test_removed_pools_are_not_ours(void **state)
{
  (void)state;
  char *start = insert(0);
  gilloc_arena_map_set_code(arena_number(0), start, 5);
  gilloc_arena_map_remove(start, POOLS);
  for (unsigned pool = 0; pool < POOLS; pool++)
    EXPECT_EQ(gilloc_arena_map_find(start + (size_t)pool * GILLOC_POOL_SIZE), 0);
}

static void test_removed_addresses_may_serve_another_arena(void **state)
{
  (void)state;
  char *start = insert(0);
  gilloc_arena_map_remove(start, POOLS);
  EXPECT_TRUE(gilloc_arena_map_insert(arena_number(1), start, POOLS));
  EXPECT_PTR_EQ(gilloc_arena_map_arena(gilloc_arena_map_find(start)), arena_number(1));
}

static void test_two_arenas_are_told_apart(void **state)
{
  (void)state;
  char *one = insert(0), *other = insert(1);
  EXPECT_PTR_EQ(gilloc_arena_map_arena(gilloc_arena_map_find(one)), arena_number(0));
  EXPECT_PTR_EQ(gilloc_arena_map_arena(gilloc_arena_map_find(other)), arena_number(1));
  gilloc_arena_map_remove(one, POOLS);
  EXPECT_PTR_EQ(gilloc_arena_map_arena(gilloc_arena_map_find(other)), arena_number(1));
}

static void test_addresses_of_others_are_not_ours(void **state)
{
  (void)state;
  static int in_data;
  int on_stack;
  void *of_libc = malloc(10);
  EXPECT_EQ(gilloc_arena_map_find(NULL), 0);
  EXPECT_EQ(gilloc_arena_map_find(&on_stack), 0);
  EXPECT_EQ(gilloc_arena_map_find(&in_data), 0);
  EXPECT_EQ(gilloc_arena_map_find(of_libc), 0);
  EXPECT_EQ(gilloc_arena_map_find((const void *)(uintptr_t)test_addresses_of_others_are_not_ours), 0);
  free(of_libc);
}

/* Beyond the 47 bits of user space, and beyond the 48 that the tree knows: no wrap into our addresses. */
static void test_impossible_addresses_are_not_ours(void **state)
{
  (void)state;
  char *start = insert(0);
  for (unsigned bit = 47; bit < 64; bit++)
    EXPECT_EQ(gilloc_arena_map_find((void *)((uintptr_t)start ^ (uintptr_t)1 << bit)), 0);
  EXPECT_EQ(gilloc_arena_map_find((void *)UINTPTR_MAX), 0);
  EXPECT_EQ(gilloc_arena_map_find((void *)((uintptr_t)1 << 48)), 0);
}

static bool covers(const struct gilloc_arena_map_window *window, const void *address)
{
  return gilloc_arena_map_slot(window, address) < window->slots;
}

static size_t code_in(const struct gilloc_arena_map_window *window, const void *address)
{
  return gilloc_arena_map_code_in(window, gilloc_arena_map_slot(window, address));
}

static void skip_without_windows(void)
{
  if (!GILLOC_HAS_TCACHE)
    skip();
}

static void test_window_finds_the_codes_that_the_map_finds(void **state)
{
  (void)state;
  skip_without_windows();
  char *start = insert(0);
  for (unsigned pool = 0; pool < POOLS; pool += 3)
    gilloc_arena_map_set_code(arena_number(0), start + (size_t)pool * GILLOC_POOL_SIZE,
                              pool % GILLOC_CLASS_COUNT + 1);
  struct gilloc_arena_map_window window = gilloc_arena_map_window(start);
  unsigned covered = 0;
  for (char *at = start; at < start + BYTES; at += GILLOC_POOL_SIZE / 2)
    if (covers(&window, at)) {
      EXPECT_EQ(code_in(&window, at), gilloc_arena_map_code(gilloc_arena_map_find(at)));
      covered++;
    }
  EXPECT_TRUE(covered > 0);
  for (unsigned pool = 0; pool < POOLS; pool++)
    gilloc_arena_map_set_code(arena_number(0), start + (size_t)pool * GILLOC_POOL_SIZE, 0);
}

static void test_window_covers_its_slots_and_no_others(void **state)
{
  (void)state;
  skip_without_windows();
  char *start = insert(0);
  struct gilloc_arena_map_window window = gilloc_arena_map_window(start);
  struct gilloc_arena_map_window none = {0, 0, NULL};
  uintptr_t bytes = (uintptr_t)1 << GILLOC_ARENA_MAP_WINDOW_BITS, low = (uintptr_t)start & ~(bytes - 1);
  EXPECT_TRUE(covers(&window, (void *)low));
  EXPECT_TRUE(covers(&window, (void *)(low + bytes - 1)));
  EXPECT_FALSE(covers(&window, (void *)(low - 1)));
  EXPECT_FALSE(covers(&window, (void *)(low + bytes)));
  EXPECT_FALSE(covers(&window, (void *)(low | (uintptr_t)1 << 63)));
  EXPECT_FALSE(covers(&none, start));
  EXPECT_FALSE(covers(&none, NULL));
  EXPECT_FALSE(covers(&none, (void *)UINTPTR_MAX));
}

/* An arena that reaches over the end of a window has codes on both sides. */
static void test_arena_may_lie_in_two_windows(void **state)
{
  (void)state;
  skip_without_windows();
  uintptr_t bytes = (uintptr_t)1 << GILLOC_ARENA_MAP_WINDOW_BITS;
  char *boundary = reserve_addresses(bytes + BYTES, bytes);
  if (!boundary)
    skip();
  char *start = boundary + bytes - BYTES / 2;
  EXPECT_TRUE(gilloc_arena_map_insert(arena_number(0), start, POOLS));
  gilloc_arena_map_set_code(arena_number(0), start + BYTES / 2 - GILLOC_POOL_SIZE, 3);
  gilloc_arena_map_set_code(arena_number(0), start + BYTES / 2, 4);
  struct gilloc_arena_map_window low = gilloc_arena_map_window(start);
  struct gilloc_arena_map_window high = gilloc_arena_map_window(start + BYTES / 2);
  EXPECT_EQ(code_in(&low, start + BYTES / 2 - 1), 3);
  EXPECT_FALSE(covers(&low, start + BYTES / 2));
  EXPECT_EQ(code_in(&high, start + BYTES / 2), 4);
  EXPECT_FALSE(covers(&high, start + BYTES / 2 - 1));
}

static void test_window_taken_before_a_change_sees_it(void **state)
{
  (void)state;
  skip_without_windows();
  char *start = insert(0);
  struct gilloc_arena_map_window window = gilloc_arena_map_window(start);
  gilloc_arena_map_remove(start, POOLS);
  EXPECT_EQ(code_in(&window, start), 0);
  EXPECT_TRUE(gilloc_arena_map_insert(arena_number(1), start, POOLS));
  EXPECT_EQ(code_in(&window, start), 0);
  gilloc_arena_map_set_code(arena_number(1), start, 6);
  EXPECT_EQ(code_in(&window, start), 6);
  gilloc_arena_map_set_code(arena_number(1), start, 0);
  EXPECT_EQ(code_in(&window, start), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_inserted_pools_belong_to_the_arena_and_are_not_in_use),
      cmocka_unit_test(test_every_byte_of_a_pool_has_its_word),
      cmocka_unit_test(test_arena_ends_at_its_last_byte),
      cmocka_unit_test(test_code_changes_one_pool_alone),
      cmocka_unit_test(test_code_can_be_set_back),
      cmocka_unit_test(test_removed_pools_are_not_ours),
      cmocka_unit_test(test_removed_addresses_may_serve_another_arena),
      cmocka_unit_test(test_two_arenas_are_told_apart),
      cmocka_unit_test(test_addresses_of_others_are_not_ours),
      cmocka_unit_test(test_impossible_addresses_are_not_ours),
      cmocka_unit_test(test_window_finds_the_codes_that_the_map_finds),
      cmocka_unit_test(test_window_covers_its_slots_and_no_others),
      cmocka_unit_test(test_arena_may_lie_in_two_windows),
      cmocka_unit_test(test_window_taken_before_a_change_sees_it),
  };
  return cmocka_run_group_tests(tests, hold_gil, drop_gil);
}
