/* flavours: none gil fine */
/* SPDX-License-Identifier: MIT
 *
 * test_arena_purge.c: free pools, and arenas that nobody uses, go back to the OS when they are purged and not
 * before, by a clock of the test's own. Every test starts with nothing purgeable.
 */
#include "expect.h"
#include "fixture.h"
#include "purge_use.h"

#include "arena.h"
#include "arena_purge.h"
#include "arena_release.h"
#include "os_memory.h"
#include "purge.h"

enum { POOLS = 3 * GILLOC_ARENA_POOLS };

static struct gilloc_pool_slot slots[POOLS];

static char *pool_start(unsigned i)
{
  return gilloc_arena_pool_start(slots[i].arena, slots[i].index);
}

static void take_pools(unsigned count)
{
  for (unsigned i = 0; i < count; i++) {
    EXPECT_TRUE(gilloc_arena_take_pool(&slots[i]));
    memset(pool_start(i), 1, GILLOC_POOL_SIZE);
  }
}

static void put_pool(unsigned i)
{
  gilloc_arena_release(gilloc_arena_put_pool(slots[i].arena, slots[i].index));
}

static bool is_resident(char *start)
{
  unsigned char resident;
  EXPECT_EQ(mincore(start, 1, &resident), 0);
  return resident & 1;
}

static void test_free_pools_of_arenas_in_use_are_purged(void **state)
{
  (void)state;
  size_t charged = gilloc_os_counts().charged;
  take_pools(POOLS);
  size_t with_pools = gilloc_os_counts().charged;
  for (unsigned i = 0; i < POOLS; i++)
    if (i % 8 != 0)
      put_pool(i);
  size_t dirty = gilloc_arena_counts().dirty_pools;
  EXPECT_TRUE(dirty >= POOLS - POOLS / 8 - 2 * GILLOC_ARENA_POOLS);
  EXPECT_EQ(gilloc_purge_all(), dirty << GILLOC_POOL_BITS);
  EXPECT_TRUE(gilloc_arena_is_consistent());
  EXPECT_EQ(gilloc_arena_counts().dirty_pools, 0);
  EXPECT_EQ(gilloc_arena_counts().purged_pools, dirty);
  EXPECT_EQ(gilloc_os_counts().charged, with_pools - (dirty << GILLOC_POOL_BITS));
  for (unsigned i = 0; i < POOLS; i++)
    EXPECT_EQ(is_resident(pool_start(i)), i % 8 == 0);
  for (unsigned i = 0; i < POOLS; i += 8) {
    EXPECT_EQ(*pool_start(i), 1);
    put_pool(i);
  }
  EXPECT_TRUE(gilloc_os_counts().charged <= charged + GILLOC_ARENA_SIZE + (1 << 18));
}

static void test_purged_pool_is_fresh_and_zero(void **state)
{
  (void)state;
  take_pools(8);
  for (unsigned i = 1; i < 8; i++)
    put_pool(i);
  gilloc_purge_all();
  struct gilloc_pool_slot slot;
  for (unsigned i = 1; i < 8; i++) {
    EXPECT_TRUE(gilloc_arena_take_pool(&slot));
    EXPECT_TRUE(slot.fresh);
    EXPECT_EQ(*gilloc_arena_pool_start(slot.arena, slot.index), 0);
    slots[i] = slot;
  }
  put_pool(3);
  EXPECT_TRUE(gilloc_arena_take_pool(&slot)); /* the one that came back last, not purged */
  EXPECT_FALSE(slot.fresh);
  EXPECT_EQ(slot.index, slots[3].index);
  for (unsigned i = 0; i < 8; i++)
    put_pool(i);
}

static void test_pools_decay_as_pages_do(void **state)
{
  (void)state;
  take_pools(9);
  for (unsigned i = 1; i < 9; i++)
    put_pool(i);
  EXPECT_EQ(purgeable_after(500), 8 << GILLOC_POOL_BITS);
  take_pools(3); /* these are not idle */
  for (unsigned i = 0; i < 3; i++)
    put_pool(i);
  EXPECT_EQ(purgeable_after(500), 3 << GILLOC_POOL_BITS);
  EXPECT_EQ(purgeable_after(500), 0);
}

static void test_empty_arenas_go_with_the_decay_time_and_not_before(void **state)
{
  (void)state;
  gilloc_purge_all();
  size_t held = gilloc_arena_counts().mapped_now;
  take_pools(POOLS);
  size_t peak = gilloc_arena_counts().mapped_now;
  for (unsigned i = 0; i < POOLS; i++)
    put_pool(i);
  EXPECT_EQ(gilloc_arena_counts().mapped_now, peak);
  EXPECT_TRUE(purgeable_after(500) >= POOLS << GILLOC_POOL_BITS);
  EXPECT_EQ(gilloc_arena_counts().mapped_now, peak);
  EXPECT_EQ(purgeable_after(500), 0);
  EXPECT_EQ(gilloc_arena_counts().mapped_now, held);
  EXPECT_FALSE(is_mapped(pool_start(POOLS / 2)));
}

/* Its first half is purged, then the second. */
static void test_empty_arena_purged_in_parts_is_released_with_the_last(void **state)
{
  (void)state;
  struct gilloc_arena *emptied = NULL;
  take_pools(POOLS);
  struct gilloc_arena *arena = slots[POOLS / 2].arena;
  for (unsigned i = 0; i < POOLS; i++)
    if (slots[i].arena == arena)
      put_pool(i);
  put_pool(0); /* another is usable */
  gilloc_arena_purge(GILLOC_ARENA_SIZE / 2, &emptied);
  EXPECT_PTR_EQ(emptied, NULL);
  EXPECT_EQ(arena->dirty_pools, GILLOC_ARENA_POOLS / 2);
  EXPECT_EQ(gilloc_arena_purge(GILLOC_ARENA_SIZE / 2, &emptied), GILLOC_ARENA_SIZE / 2);
  EXPECT_PTR_EQ(emptied, arena);
  EXPECT_TRUE(gilloc_arena_is_consistent());
  gilloc_arena_release(emptied);
  for (unsigned i = 1; i < POOLS; i++)
    if (slots[i].arena != arena)
      put_pool(i);
}

/* Its last pool was out to be purged while the others came back, and the kernel refused. */
static void test_arena_that_empties_meanwhile_is_released(void **state)
{
  (void)state;
  uint64_t out;
  take_pools(POOLS);
  struct gilloc_arena *arena = slots[POOLS / 2].arena; /* all of its pools are in use */
  put_pool(POOLS / 2);
  EXPECT_PTR_EQ(gilloc_arena_take_dirty(1, &out), arena);
  EXPECT_EQ(out, (uint64_t)1 << slots[POOLS / 2].index);
  for (unsigned i = 0; i < POOLS; i++)
    if (slots[i].arena == arena && i != POOLS / 2)
      put_pool(i);
  put_pool(0);
  EXPECT_TRUE(gilloc_arena_is_consistent());
  size_t dirty, held = gilloc_arena_counts().mapped_now;
  EXPECT_PTR_EQ(gilloc_arena_put_dirty(arena, out, false), NULL);
  EXPECT_EQ(gilloc_arena_counts().mapped_now, held);
  EXPECT_TRUE(gilloc_arena_is_consistent());
  EXPECT_PTR_EQ(gilloc_arena_withdraw_empty(GILLOC_ARENA_POOLS, &dirty), arena);
  EXPECT_EQ(dirty, GILLOC_ARENA_POOLS);
  EXPECT_EQ(gilloc_arena_counts().mapped_now, held - 1);
  EXPECT_TRUE(gilloc_arena_is_consistent());
  gilloc_arena_release(arena);
  for (unsigned i = 1; i < POOLS; i++)
    if (slots[i].arena != arena)
      put_pool(i);
}

static void test_limit_refuses_a_purged_pool(void **state)
{
  (void)state;
  take_pools(8);
  for (unsigned i = 1; i < 8; i++)
    put_pool(i);
  gilloc_purge_all();
  gilloc_os_set_limits(0, gilloc_os_counts().charged + GILLOC_POOL_SIZE);
  EXPECT_TRUE(gilloc_arena_take_pool(&slots[1]));
  EXPECT_FALSE(gilloc_arena_take_pool(&slots[2]));
  EXPECT_TRUE(gilloc_arena_is_consistent());
  gilloc_os_set_limits(0, 0);
  put_pool(1);
  put_pool(0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(test_free_pools_of_arenas_in_use_are_purged),
      TEST(test_purged_pool_is_fresh_and_zero),
      TEST(test_pools_decay_as_pages_do),
      TEST(test_empty_arenas_go_with_the_decay_time_and_not_before),
      TEST(test_empty_arena_purged_in_parts_is_released_with_the_last),
      TEST(test_arena_that_empties_meanwhile_is_released),
      TEST(test_limit_refuses_a_purged_pool),
  };
  return cmocka_run_group_tests(tests, hold_gil, drop_gil);
}
