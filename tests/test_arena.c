/* flavours: none gil fine fine-mcs none-classic none-py39 none-py311 gil-py311 fine-py311 */
/* SPDX-License-Identifier: MIT
 *
 * test_arena.c: which pool an arena hands out, which arena hands it out, when an arena goes back to the OS.
 * The heap has one list of arenas; every test leaves it without pools in use, so it holds at most one
 * empty arena at the start of a test.
 */
#include "arena_use.h"
#include "expect.h"
#include "fixture.h"

#include "arena.h"
#include "arena_map.h"

enum { MAX_SLOTS = 20 * GILLOC_ARENA_POOLS };

static uint64_t seed;
static struct gilloc_pool_slot slots[MAX_SLOTS]; /* pools in use, in no order */
static unsigned slot_count;

static struct gilloc_pool_slot take(void)
{
  struct gilloc_pool_slot *slot = &slots[slot_count++];
  EXPECT_TRUE(slot_count <= MAX_SLOTS);
  EXPECT_TRUE(gilloc_arena_take_pool(slot));
  return *slot;
}

/* True where the arena went back to the OS. */
static bool put_at(unsigned i)
{
  struct gilloc_pool_slot slot = slots[i];
  slots[i] = slots[--slot_count];
  struct gilloc_arena *released = gilloc_arena_put_pool(slot.arena, slot.index);
  if (released)
    gilloc_arena_release(released);
  return released != NULL;
}

static bool put(struct gilloc_pool_slot slot)
{
  unsigned i = 0;
  while (slots[i].arena != slot.arena || slots[i].index != slot.index)
    i++;
  return put_at(i);
}

static int put_all(void **state)
{
  (void)state;
  while (slot_count)
    put_at(slot_count - 1);
  arenas_when_purged();
  return 0;
}

/* The first pool of an arena mapped for it; every arena before it is full. */
static struct gilloc_pool_slot take_from_new_arena(void)
{
  size_t before = gilloc_arena_counts().mapped_total;
  struct gilloc_pool_slot slot;
  do {
    slot = take();
  } while (gilloc_arena_counts().mapped_total == before);
  return slot;
}

/* A new arena, wholly in use. */
static struct gilloc_arena *take_whole_arena(void)
{
  struct gilloc_arena *arena = take_from_new_arena().arena;
  while (arena->free_pools)
    take();
  return arena;
}

/* Puts `count` pools of the arena back. */
static void put_some(struct gilloc_arena *arena, unsigned count)
{
  for (unsigned i = slot_count; i-- > 0 && count > 0;)
    if (slots[i].arena == arena) {
      put_at(i);
      count--;
    }
  EXPECT_EQ(count, 0);
}

static void test_new_arena_hands_out_its_pools_in_ascending_order(void **state)
{
  (void)state;
  struct gilloc_pool_slot slot = take_from_new_arena();
  struct gilloc_arena *arena = slot.arena;
  for (unsigned i = 0; i < arena->total_pools; i++) {
    EXPECT_PTR_EQ(slot.arena, arena);
    EXPECT_EQ(slot.index, i);
    EXPECT_TRUE(slot.fresh);
    EXPECT_EQ(arena->free_pools, arena->total_pools - i - 1);
    slot = take();
  }
  EXPECT_PTR_NE(slot.arena, arena);
}

static void test_pools_lie_on_pool_boundaries_within_the_arena(void **state)
{
  (void)state;
  struct gilloc_arena *arena = take_from_new_arena().arena;
  size_t lost = (size_t)(arena->first_pool - arena->start);
  EXPECT_ALIGNED(arena->first_pool, GILLOC_POOL_SIZE);
  EXPECT_LE(lost, GILLOC_POOL_SIZE - 1);
  EXPECT_EQ(arena->total_pools, lost ? GILLOC_ARENA_POOLS - 1 : GILLOC_ARENA_POOLS);
  if (GILLOC_ARENA_ALIGNED)
    EXPECT_ALIGNED(arena->start, GILLOC_ARENA_SIZE);
  EXPECT_PTR_EQ(gilloc_arena_pool_start(arena, 5), arena->first_pool + 5 * GILLOC_POOL_SIZE);
  EXPECT_EQ(gilloc_arena_pool_index(arena, arena->first_pool + 6 * GILLOC_POOL_SIZE - 1), 5);
}

static void test_fresh_pools_are_zero(void **state)
{
  (void)state;
  struct gilloc_pool_slot slot = take_from_new_arena();
  const char *bytes = gilloc_arena_pool_start(slot.arena, slot.index);
  for (size_t i = 0; i < GILLOC_POOL_SIZE; i++)
    EXPECT_EQ(bytes[i], 0);
}

static void test_headers_lie_in_the_pools_or_in_the_record(void **state)
{
  (void)state;
  struct gilloc_arena *arena = take_from_new_arena().arena;
  for (unsigned i = 0; i < arena->total_pools; i++) {
    char *header = gilloc_arena_pool_header(arena, i);
    char *pool = gilloc_arena_pool_start(arena, i);
    char *record = (char *)arena;
    EXPECT_EQ(header == pool, GILLOC_POOL_HEADER_INLINE);
    if (!GILLOC_POOL_HEADER_INLINE)
      EXPECT_TRUE(header >= record && header + 48 <= record + sizeof *arena);
  }
}

static void test_pool_put_back_last_is_handed_out_first(void **state)
{
  (void)state;
  take_from_new_arena();
  struct gilloc_pool_slot a = take(), b = take(), c = take();
  put(b);
  put(c);
  put(a);
  EXPECT_EQ(take().index, a.index);
  EXPECT_EQ(take().index, c.index);
  EXPECT_EQ(take().index, b.index);
}

static void test_reused_pools_come_before_uncarved_ones_and_are_not_fresh(void **state)
{
  (void)state;
  take_from_new_arena();
  struct gilloc_pool_slot used = take();
  put(used);
  struct gilloc_pool_slot again = take();
  EXPECT_EQ(again.index, used.index);
  EXPECT_FALSE(again.fresh);
  EXPECT_TRUE(take().fresh);
}

static void test_map_knows_the_arena_while_it_is_mapped(void **state)
{
  (void)state;
  struct gilloc_pool_slot slot = take_from_new_arena();
  char *start = gilloc_arena_pool_start(slot.arena, slot.index);
  EXPECT_PTR_EQ(gilloc_arena_map_arena(gilloc_arena_map_find(start)), slot.arena);
  EXPECT_PTR_EQ(gilloc_arena_map_arena(gilloc_arena_map_find(start + GILLOC_POOL_SIZE - 1)), slot.arena);
}

/* The bytes before the first pool boundary belong to no pool. */
static void test_map_does_not_know_what_alignment_lost(void **state)
{
  (void)state;
  struct gilloc_arena *arena = take_from_new_arena().arena;
  char *end = arena->first_pool + (size_t)arena->total_pools * GILLOC_POOL_SIZE;
  if (arena->first_pool == arena->start)
    skip();
  EXPECT_EQ(gilloc_arena_map_find(arena->start), 0);
  EXPECT_EQ(gilloc_arena_map_find(end), 0);
}

static void test_first_pool_put_back_of_a_full_arena_is_taken_next(void **state)
{
  (void)state;
  struct gilloc_arena *full = take_whole_arena();
  struct gilloc_arena *other = take_from_new_arena().arena;
  put_some(full, 1);
  EXPECT_PTR_EQ(take().arena, full);
  EXPECT_PTR_EQ(take().arena, other);
}

static void test_pools_come_from_the_arena_with_the_fewest_free(void **state)
{
  (void)state;
  struct gilloc_arena *a = take_whole_arena(), *b = take_whole_arena(), *c = take_whole_arena();
  put_some(a, 5);
  put_some(b, 3);
  put_some(c, 4);
  for (unsigned i = 0; i < 3; i++)
    EXPECT_PTR_EQ(take().arena, b);
  for (unsigned i = 0; i < 4; i++)
    EXPECT_PTR_EQ(take().arena, c);
  for (unsigned i = 0; i < 5; i++)
    EXPECT_PTR_EQ(take().arena, a);
}

static void test_no_arena_is_mapped_while_a_pool_is_free(void **state)
{
  (void)state;
  struct gilloc_arena *arena = take_whole_arena();
  size_t mapped = gilloc_arena_counts().mapped_total;
  put_some(arena, arena->total_pools - 1);
  while (arena->free_pools)
    take();
  EXPECT_EQ(gilloc_arena_counts().mapped_total, mapped);
  take();
  EXPECT_EQ(gilloc_arena_counts().mapped_total, mapped + 1);
}

static void test_empty_arena_goes_back_while_another_is_usable(void **state)
{
  (void)state;
  struct gilloc_pool_slot slot = take_from_new_arena();
  while (slot.arena->free_pools)
    take();
  char *start = slot.arena->start;
  if (take().arena->total_pools < slot.arena->total_pools) /* then it would not be the right neighbour */
    skip();
  size_t before = gilloc_arena_counts().mapped_now;
  put_some(slot.arena, slot.arena->total_pools - 1);
  EXPECT_EQ(gilloc_arena_counts().mapped_now, before);
  put_some(slot.arena, 1);
  EXPECT_EQ(gilloc_arena_counts().mapped_now, before - !GILLOC_ARENA_PURGES);
  EXPECT_EQ(arenas_when_purged(), before - 1);
  EXPECT_FALSE(is_mapped(start));
  EXPECT_EQ(gilloc_arena_map_find(start + GILLOC_POOL_SIZE), 0);
}

static struct gilloc_arena *take_arenas(unsigned count)
{
  struct gilloc_arena *last = NULL;
  while (count-- > 0)
    last = take_whole_arena();
  return last;
}

/* A program that does the same again and again asks the kernel for nothing. */
static void test_emptied_arenas_serve_again_before_any_is_mapped(void **state)
{
  (void)state;
  if (!GILLOC_ARENA_PURGES)
    skip();
  struct gilloc_arena *last = take_arenas(3);
  unsigned count = slot_count;
  size_t mapped = gilloc_arena_counts().mapped_total;
  while (slot_count)
    put_at(0);
  EXPECT_EQ(last->free_pools, last->total_pools);
  EXPECT_TRUE(gilloc_arena_is_consistent());
  while (slot_count < count)
    take();
  EXPECT_EQ(last->free_pools, 0);
  EXPECT_EQ(gilloc_arena_counts().mapped_total, mapped);
}

/* Nobody might come to purge them. */
static void test_beyond_a_bound_emptied_arenas_stay_only_where_a_thread_purges(void **state)
{
  (void)state;
  size_t most = GILLOC_ARENA_DIRTY_MAX >> GILLOC_ARENA_BITS;
  if (!GILLOC_ARENA_PURGES)
    skip();
  take_arenas((unsigned)most + 3);
  size_t held = gilloc_arena_counts().mapped_now;
  while (slot_count)
    put_at(slot_count - 1);
  if (GILLOC_STRATEGY == GILLOC_STRATEGY_FINE)
    EXPECT_EQ(gilloc_arena_counts().mapped_now, held);
  else
    EXPECT_EQ(gilloc_arena_counts().mapped_now, most);
  EXPECT_TRUE(gilloc_arena_is_consistent());
}

/* bpo-37257: from CPython 3.9 on the last arena of the list stays. */
static void test_last_usable_arena_stays_though_empty_where_the_geometry_keeps_it(void **state)
{
  (void)state;
  struct gilloc_pool_slot slot = take_from_new_arena();
  size_t before = gilloc_arena_counts().mapped_now;
  EXPECT_EQ(put(slot), !GILLOC_ARENA_KEEPS_LAST);
  EXPECT_EQ(gilloc_arena_counts().mapped_now, before - !GILLOC_ARENA_KEEPS_LAST);
}

/* Three full arenas, emptied in the order 1, 0, 2: 3.8 releases each, 3.9 keeps 1 alone. Where they wait to
 * be purged, the one that would serve next stays. */
static void test_three_arenas_emptied_leave_what_cpython_leaves(void **state)
{
  (void)state;
  struct gilloc_arena *arenas[3];
  put_all(NULL);
  for (unsigned i = 0; i < 3; i++) {
    arenas[i] = take().arena;
    while (arenas[i]->free_pools)
      take();
  }
  char *starts[] = {arenas[0]->start, arenas[1]->start, arenas[2]->start};
  put_some(arenas[1], arenas[1]->total_pools);
  put_some(arenas[0], arenas[0]->total_pools);
  put_some(arenas[2], arenas[2]->total_pools);
  EXPECT_EQ(arenas_when_purged(), GILLOC_ARENA_KEEPS_LAST);
  EXPECT_FALSE(is_mapped(starts[0]));
  EXPECT_EQ(is_mapped(starts[1]), GILLOC_ARENA_KEEPS_LAST && !GILLOC_ARENA_PURGES);
  EXPECT_EQ(is_mapped(starts[2]), GILLOC_ARENA_PURGES);
}

static void test_counts_follow_arenas_and_pools(void **state)
{
  (void)state;
  struct gilloc_arena *arena = take_from_new_arena().arena;
  struct gilloc_arena_counts before = gilloc_arena_counts();
  EXPECT_EQ(before.free_pools, arena->free_pools);
  take();
  EXPECT_EQ(gilloc_arena_counts().free_pools, before.free_pools - 1);
  take_whole_arena();
  struct gilloc_arena_counts after = gilloc_arena_counts();
  EXPECT_EQ(after.mapped_now, before.mapped_now + 1);
  EXPECT_EQ(after.mapped_total, before.mapped_total + 1);
  EXPECT_TRUE(after.mapped_highwater >= after.mapped_now);
  EXPECT_EQ(after.free_pools, 0);
}

/* The fewest free pools of any arena that has one; UINT32_MAX where every arena in use is full. */
static uint32_t fewest_free(void)
{
  uint32_t fewest = UINT32_MAX;
  for (unsigned i = 0; i < slot_count; i++)
    if (slots[i].arena->free_pools > 0 && slots[i].arena->free_pools < fewest)
      fewest = slots[i].arena->free_pools;
  return fewest;
}

static void take_and_expect_fewest(void)
{
  uint32_t fewest = fewest_free();
  size_t mapped = gilloc_arena_counts().mapped_total;
  struct gilloc_arena *arena = take().arena;
  if (fewest != UINT32_MAX) {
    EXPECT_EQ(arena->free_pools + 1, fewest);
    EXPECT_EQ(gilloc_arena_counts().mapped_total, mapped);
  }
}

static void test_random_use_stays_consistent_and_fills_the_fullest_arena(void **state)
{
  (void)state;
  struct test_random random = {seed};
  for (unsigned phase = 0; phase < 40; phase++) {
    unsigned goal = random_below(&random, MAX_SLOTS);
    for (unsigned step = 0; step < 300; step++) {
      bool grow = slot_count < goal ? random_below(&random, 4) != 0 : random_below(&random, 4) == 0;
      if (slot_count < MAX_SLOTS && (slot_count == 0 || grow))
        take_and_expect_fewest();
      else
        put_at(random_below(&random, slot_count));
    }
    EXPECT_TRUE(gilloc_arena_is_consistent());
  }
  put_all(NULL);
  EXPECT_TRUE(gilloc_arena_is_consistent());
  EXPECT_EQ(arenas_when_purged(), GILLOC_ARENA_KEEPS_LAST);
}

static void put_slot(struct gilloc_pool_slot slot)
{
  struct gilloc_arena *released = gilloc_arena_put_pool(slot.arena, slot.index);
  if (released)
    gilloc_arena_release(released);
}

static void stamp_slot(struct gilloc_pool_slot slot, uintptr_t stamp)
{
  memcpy(gilloc_arena_pool_start(slot.arena, slot.index) + 64, &stamp, sizeof stamp);
}

/* Takes and puts pools and stamps those it holds: no pool is in two hands. */
static void *take_and_put(void *number)
{
  struct gilloc_pool_slot held[100];
  struct test_random random = {seed + (uintptr_t)number};
  gilloc_thread_attach();
  for (unsigned i = 0; i < 100; i++) {
    COUNT_UNLESS(gilloc_arena_take_pool(&held[i]));
    stamp_slot(held[i], (uintptr_t)number);
  }
  for (unsigned step = 0; step < 1000 / TEST_DIVISOR; step++) {
    unsigned i = random_below(&random, 100);
    char *stamp = gilloc_arena_pool_start(held[i].arena, held[i].index) + 64;
    COUNT_UNLESS(memcmp(stamp, &number, sizeof number) == 0);
    put_slot(held[i]);
    COUNT_UNLESS(gilloc_arena_take_pool(&held[i]));
    stamp_slot(held[i], (uintptr_t)number);
    gilloc_checkpoint();
  }
  for (unsigned i = 0; i < 100; i++)
    put_slot(held[i]);
  gilloc_thread_detach();
  return NULL;
}

static void test_threads_never_share_a_pool(void **state)
{
  (void)state;
  if (GILLOC_STRATEGY == GILLOC_STRATEGY_NONE)
    skip();
  run_threads(4, take_and_put);
  EXPECT_EQ(test_failures, 0);
  EXPECT_TRUE(gilloc_arena_is_consistent());
  EXPECT_EQ(arenas_when_purged(), GILLOC_ARENA_KEEPS_LAST);
}

#define ARENA_TEST(f) cmocka_unit_test_teardown(f, put_all)

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      ARENA_TEST(test_new_arena_hands_out_its_pools_in_ascending_order),
      ARENA_TEST(test_pools_lie_on_pool_boundaries_within_the_arena),
      ARENA_TEST(test_fresh_pools_are_zero),
      ARENA_TEST(test_headers_lie_in_the_pools_or_in_the_record),
      ARENA_TEST(test_pool_put_back_last_is_handed_out_first),
      ARENA_TEST(test_reused_pools_come_before_uncarved_ones_and_are_not_fresh),
      ARENA_TEST(test_map_knows_the_arena_while_it_is_mapped),
      ARENA_TEST(test_map_does_not_know_what_alignment_lost),
      ARENA_TEST(test_first_pool_put_back_of_a_full_arena_is_taken_next),
      ARENA_TEST(test_pools_come_from_the_arena_with_the_fewest_free),
      ARENA_TEST(test_no_arena_is_mapped_while_a_pool_is_free),
      ARENA_TEST(test_empty_arena_goes_back_while_another_is_usable),
      ARENA_TEST(test_emptied_arenas_serve_again_before_any_is_mapped),
      ARENA_TEST(test_beyond_a_bound_emptied_arenas_stay_only_where_a_thread_purges),
      ARENA_TEST(test_last_usable_arena_stays_though_empty_where_the_geometry_keeps_it),
      ARENA_TEST(test_three_arenas_emptied_leave_what_cpython_leaves),
      ARENA_TEST(test_counts_follow_arenas_and_pools),
      ARENA_TEST(test_random_use_stays_consistent_and_fills_the_fullest_arena),
      ARENA_TEST(test_threads_never_share_a_pool),
  };
  seed = test_seed(argc, argv);
  return cmocka_run_group_tests(tests, hold_gil, drop_gil);
}
