/* flavours: all */
/* optimised: yes */
/* SPDX-License-Identifier: MIT
 *
 * test_threads.c: the public functions before main, in many threads, in their destructors and across fork.
 */
#include "arena_use.h"
#include "expect.h"
#include "fixture.h"

#include "arena.h"
#include "depot.h"
#include "large.h"
#include "tcache.h"

#include <gilloc/gilloc.h>

enum {
  THREADS = 4,
  SHELF = 256,
  STEPS = 12000 / TEST_DIVISOR / (GILLOC_HAS_GIL ? 3 : 1),
  EARLY = 100,
  /* As often as POSIX grants; in the last round ThreadSanitizer has already forgotten the thread. */
  DESTRUCTOR_ROUNDS = GILLOC_TSAN ? 3 : 4,
  FORKS = 60 / TEST_DIVISOR
};

static uint64_t seed;
static void *early[EARLY];
static pthread_key_t early_key;
static _Atomic unsigned destructions;

/* A destructor that allocates, frees and comes again as often as it may, so also after the library's. */
static void use_heap_at_the_end(void *value)
{
  uintptr_t left = (uintptr_t)value - 1;
  void *blocks[40];
  for (unsigned i = 0; i < 40; i++) {
    blocks[i] = gilloc_malloc(i * i * 20 + 1);
    COUNT_UNLESS(blocks[i]);
    fill(blocks[i], i, i);
  }
  for (unsigned i = 0; i < 40; i++) {
    COUNT_UNLESS(is_filled(blocks[i], i, i));
    gilloc_free(blocks[i]);
  }
  atomic_fetch_add(&destructions, 1);
  if (left > 0)
    pthread_setspecific(early_key, (void *)left);
}

/* Before the library's own constructor: the lowest priority number that a program may use. */
__attribute__((constructor(101))) static void allocate_before_main(void)
{
  pthread_key_create(&early_key, use_heap_at_the_end);
  for (unsigned i = 0; i < EARLY; i++) {
    early[i] = gilloc_malloc(i * 11 + 1);
    fill(early[i], i * 11 + 1, i);
  }
  for (unsigned i = 1; i < EARLY; i += 2)
    gilloc_free(early[i]);
}

/* What was freed before main is handed out and freed again: its marks must still be good. */
static void test_blocks_of_before_main_live_on(void **state)
{
  (void)state;
  for (unsigned i = 1; i < EARLY; i += 2) {
    early[i] = gilloc_malloc(i * 11 + 1);
    fill(early[i], i * 11 + 1, i);
  }
  for (unsigned i = 0; i < EARLY; i++) {
    EXPECT_TRUE(is_filled(early[i], i * 11 + 1, i));
    gilloc_free(early[i]);
  }
}

struct parcel {
  size_t size;
  unsigned key;
  unsigned char contents[];
};

static _Atomic(struct parcel *) shelf[SHELF];

/* Of large parcels the first bytes are enough. */
static size_t stamped_bytes(size_t size)
{
  return size < 256 ? size : 256;
}

/* Contents of less than 4 << `doublings` bytes, most of them much less. */
static struct parcel *pack(struct test_random *random, uint32_t doublings)
{
  size_t size = random_below(random, 1U << (3 + random_below(random, doublings)));
  struct parcel *parcel = gilloc_malloc(sizeof *parcel + size);
  parcel->size = size;
  parcel->key = random_below(random, 1000);
  fill(parcel->contents, stamped_bytes(size), parcel->key);
  return parcel;
}

static void unpack(struct parcel *parcel)
{
  if (!parcel)
    return;
  COUNT_UNLESS(is_filled(parcel->contents, stamped_bytes(parcel->size), parcel->key));
  gilloc_free(parcel);
}

/* Puts parcels on the shelf that other threads, of this generation or the next, take down. */
static void *hand_over(void *number)
{
  struct test_random random = {seed ^ ((uintptr_t)number << 32)};
  for (unsigned step = 0; step < STEPS; step++)
    unpack(atomic_exchange(&shelf[random_below(&random, SHELF)], pack(&random, 14)));
  return NULL;
}

static void *hand_over_attached(void *number)
{
  struct test_random random = {seed ^ ((uintptr_t)number << 32) ^ 77};
  gilloc_thread_attach();
  for (unsigned step = 0; step < STEPS; step++) {
    unpack(atomic_exchange(&shelf[random_below(&random, SHELF)], pack(&random, 14)));
    gilloc_checkpoint();
  }
  gilloc_thread_detach();
  return NULL;
}

static int clear_shelf(void **state)
{
  (void)state;
  for (unsigned i = 0; i < SHELF; i++)
    unpack(atomic_exchange(&shelf[i], NULL));
  return 0;
}

static void flush_caches(void)
{
  gilloc_tcache_flush();
  gilloc_depot_drain_all();
}

/* Nothing is live but what the test says; all else went back. */
static void expect_all_memory_back(void)
{
  if (GILLOC_HAS_TCACHE)
    flush_caches();
  gilloc_gil_acquire();
  size_t arenas = arenas_when_purged();
  bool consistent = gilloc_arena_is_consistent();
  size_t large = GILLOC_HAS_LARGE ? gilloc_large_counts().blocks : 0;
  gilloc_gil_release();
  EXPECT_TRUE(consistent);
  EXPECT_EQ(arenas, GILLOC_ARENA_KEEPS_LAST);
  EXPECT_EQ(large, 0);
  EXPECT_EQ(test_failures, 0);
}

static void skip_without_threads(void)
{
  if (GILLOC_STRATEGY == GILLOC_STRATEGY_NONE)
    skip();
}

static void test_blocks_change_hands_over_generations_of_threads(void **state)
{
  skip_without_threads();
  for (unsigned generation = 0; generation < 3; generation++)
    run_threads(THREADS, hand_over);
  clear_shelf(state);
  expect_all_memory_back();
}

static void test_blocks_change_hands_among_attached_threads(void **state)
{
  skip_without_threads();
  run_threads(THREADS, hand_over_attached);
  clear_shelf(state);
  expect_all_memory_back();
}

static void test_attached_threads_and_others_share_the_heap(void **state)
{
  pthread_t attached, other;
  skip_without_threads();
  pthread_create(&attached, NULL, hand_over_attached, (void *)1);
  pthread_create(&other, NULL, hand_over, (void *)2);
  join_thread(attached);
  join_thread(other);
  clear_shelf(state);
  expect_all_memory_back();
}

static void *leave_a_destructor(void *unused)
{
  (void)unused;
  gilloc_free(gilloc_malloc(100));
  pthread_setspecific(early_key, (void *)(uintptr_t)DESTRUCTOR_ROUNDS);
  return NULL;
}

static void test_destructors_of_threads_may_allocate_and_free(void **state)
{
  (void)state;
  skip_without_threads();
  for (unsigned round = 0; round < 20; round++)
    run_threads(THREADS, leave_a_destructor);
  EXPECT_EQ(destructions, 20 * THREADS * DESTRUCTOR_ROUNDS);
  expect_all_memory_back();
}

/* A key that was made after the library's: its destructor runs later in each round. */
static void *leave_a_late_destructor(void *late_key)
{
  gilloc_free(gilloc_malloc(100));
  pthread_setspecific(*(pthread_key_t *)late_key, gilloc_malloc(300));
  return NULL;
}

static void test_block_kept_in_a_thread_specific_is_freed_by_its_destructor(void **state)
{
  (void)state;
  pthread_key_t late_key;
  pthread_t threads[THREADS];
  skip_without_threads();
  pthread_key_create(&late_key, gilloc_free);
  for (unsigned i = 0; i < THREADS; i++)
    pthread_create(&threads[i], NULL, leave_a_late_destructor, &late_key);
  for (unsigned i = 0; i < THREADS; i++)
    join_thread(threads[i]);
  pthread_key_delete(late_key);
  expect_all_memory_back();
}

/* A thread whose only call is a free of another's block, or a destructor that is its first. */
static void *only_free(void *block)
{
  gilloc_free(block);
  return NULL;
}

static void *only_leave_a_destructor(void *unused)
{
  (void)unused;
  pthread_setspecific(early_key, (void *)(uintptr_t)1);
  return NULL;
}

static void test_threads_first_call_may_be_a_free_or_in_a_destructor(void **state)
{
  (void)state;
  pthread_t threads[2];
  skip_without_threads();
  for (size_t size = 1; size < 200000; size *= 5) {
    pthread_create(&threads[0], NULL, only_free, gilloc_malloc(size));
    pthread_create(&threads[1], NULL, only_leave_a_destructor, NULL);
    join_thread(threads[0]);
    join_thread(threads[1]);
  }
  expect_all_memory_back();
}

static _Atomic bool enough;

/* Across fork the raw domain is left out: AddressSanitizer's malloc may be locked for ever in the child. */
enum { FORK_DOUBLINGS = GILLOC_HAS_LARGE ? 14 : 6 };

static size_t kept_bytes(size_t i)
{
  return GILLOC_HAS_LARGE ? i * i * 100 + 1 : i * 20 + 1;
}

static void *be_busy(void *number)
{
  struct test_random random = {seed + (uintptr_t)number};
  while (!atomic_load_explicit(&enough, memory_order_relaxed))
    unpack(atomic_exchange(&shelf[random_below(&random, SHELF)], pack(&random, FORK_DOUBLINGS)));
  return NULL;
}

/* What a child does at once: frees what the parent had, allocates of every kind. Its failures are its
 * status; a lock that nobody holds any more is found by the alarm. */
static void be_a_child(void **inherited)
{
  struct test_random random = {seed};
  atomic_store(&test_failures, 0);
  signal(SIGALRM, SIG_DFL);
  alarm(60);
  for (unsigned i = 0; i < 20; i++) {
    COUNT_UNLESS(is_filled(inherited[i], kept_bytes(i), i));
    gilloc_free(inherited[i]);
  }
  for (unsigned i = 0; i < 200; i++)
    unpack(pack(&random, FORK_DOUBLINGS));
  _exit(atomic_load(&test_failures) ? 1 : 0);
}

static void fork_while_others_are_busy(bool holding_the_gil)
{
  void *kept[20];
  for (unsigned i = 0; i < 20; i++) {
    kept[i] = gilloc_malloc(kept_bytes(i));
    fill(kept[i], kept_bytes(i), i);
  }
  if (holding_the_gil)
    gilloc_gil_acquire();
  pid_t child = fork();
  if (child == 0)
    be_a_child(kept);
  if (holding_the_gil)
    gilloc_gil_release();
  COUNT_UNLESS(wait_for_child(child) == 0);
  for (unsigned i = 0; i < 20; i++) {
    COUNT_UNLESS(is_filled(kept[i], kept_bytes(i), i));
    gilloc_free(kept[i]);
  }
}

static void run_forks(bool holding_the_gil)
{
  pthread_t threads[3];
  atomic_store(&enough, false);
  for (uintptr_t i = 0; i < 3; i++)
    pthread_create(&threads[i], NULL, be_busy, (void *)i);
  for (unsigned i = 0; i < FORKS && test_failures == 0; i++)
    fork_while_others_are_busy(holding_the_gil);
  atomic_store(&enough, true);
  for (unsigned i = 0; i < 3; i++)
    join_thread(threads[i]);
}

static void test_child_of_a_busy_process_can_use_the_heap_at_once(void **state)
{
  skip_without_threads();
  run_forks(false);
  clear_shelf(state);
  expect_all_memory_back();
}

static void test_child_of_the_gils_holder_can_use_the_heap_at_once(void **state)
{
  skip_without_threads();
  if (!GILLOC_HAS_GIL)
    skip();
  run_forks(true);
  clear_shelf(state);
  expect_all_memory_back();
}

static void test_child_of_a_process_without_threads_can_use_the_heap(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 10; i++)
    fork_while_others_are_busy(false);
  expect_all_memory_back();
}

static void test_grandchild_can_use_the_heap(void **state)
{
  (void)state;
  pid_t child = fork();
  if (child == 0) {
    test_failures = 0;
    fork_while_others_are_busy(false);
    _exit(test_failures ? 1 : 0);
  }
  EXPECT_EQ(wait_for_child(child), 0);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_blocks_of_before_main_live_on),
      cmocka_unit_test_teardown(test_blocks_change_hands_over_generations_of_threads, clear_shelf),
      cmocka_unit_test_teardown(test_blocks_change_hands_among_attached_threads, clear_shelf),
      cmocka_unit_test_teardown(test_attached_threads_and_others_share_the_heap, clear_shelf),
      cmocka_unit_test(test_destructors_of_threads_may_allocate_and_free),
      cmocka_unit_test(test_block_kept_in_a_thread_specific_is_freed_by_its_destructor),
      cmocka_unit_test(test_threads_first_call_may_be_a_free_or_in_a_destructor),
      cmocka_unit_test_teardown(test_child_of_a_busy_process_can_use_the_heap_at_once, clear_shelf),
      cmocka_unit_test_teardown(test_child_of_the_gils_holder_can_use_the_heap_at_once, clear_shelf),
      cmocka_unit_test(test_child_of_a_process_without_threads_can_use_the_heap),
      cmocka_unit_test(test_grandchild_can_use_the_heap),
  };
  seed = test_seed(argc, argv);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
