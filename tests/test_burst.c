/* flavours: none gil fine */
/* cost: 4 */
/* optimised: yes */
/* SPDX-License-Identifier: MIT
 *
 * test_burst.c: two threads allocate 256 MiB in small blocks and free all but a block in every thousandth
 * pool. What can go back does: within the decay time, without a call from anybody (`fine`), or at once when
 * asked for; and so does what ending threads leave in the depot. Waiting is for the state, with a deadline.
 */
#include "expect.h"
#include "fixture.h"
#include "resident.h"
#include "threads.h"

#include "geometry.h"
#include "purge.h"
#include "size_class.h"
#include "tcache_rest.h"

#include <gilloc/gilloc.h>

enum {
  THREADS = GILLOC_STRATEGY == GILLOC_STRATEGY_NONE ? 1 : 2,
  MIB = 1 << 20,
  SIZE = 112,
  BYTES = (256 * MIB) / THREADS / TEST_DIVISOR,
  BLOCKS = BYTES / SIZE,
  STAYING = 1000 * (GILLOC_POOL_SIZE / SIZE),
  LEAVERS = 40,
  LEFT_BYTES = 1 << 20,
  DEADLINE_S = 40
};

static char *blocks[2][BLOCKS];

static void *make_burst(void *argument)
{
  char **own = blocks[(uintptr_t)argument];
  for (unsigned i = 0; i < BLOCKS; i++)
    own[i] = memset(gilloc_malloc(SIZE), 1, SIZE);
  for (unsigned i = 0; i < BLOCKS; i++)
    if (i % STAYING != 0)
      gilloc_free(own[i]);
  return NULL;
}

static void run(unsigned count, threads_body *body)
{
  pthread_t ids[THREADS_MAX];
  if (GILLOC_STRATEGY == GILLOC_STRATEGY_NONE) {
    body(NULL);
    return;
  }
  drop_gil(NULL);
  for (uintptr_t i = 0; i < count; i++)
    threads_start(&ids[i], body, (void *)i);
  for (unsigned i = 0; i < count; i++)
    threads_join(ids[i]);
  hold_gil(NULL);
}

static void end_burst(void)
{
  for (unsigned thread = 0; thread < THREADS; thread++)
    for (unsigned i = 0; i < BLOCKS; i += STAYING) {
      EXPECT_EQ(blocks[thread][i][SIZE - 1], 1);
      gilloc_free(blocks[thread][i]);
    }
}

/* The test's own table, and what a thread's cache, a purge and the C library may keep. */
static bool is_back(size_t before)
{
  size_t table = THREADS * sizeof blocks[0];
  return gilloc_purge_counts().purgeable < GILLOC_PURGE_MIN_BYTES &&
         (GILLOC_TSAN || resident_bytes() < before + table + 16 * MIB);
}

static bool comes_back(size_t before)
{
  uint64_t deadline = threads_now() + threads_ms(DEADLINE_S * 1000);
  while (!is_back(before)) {
    if (threads_now() > deadline)
      return false;
    sched_yield();
  }
  return true;
}

static void test_burst_goes_back_without_traffic(void **state)
{
  (void)state;
  if (GILLOC_STRATEGY != GILLOC_STRATEGY_FINE)
    skip();
  size_t before = resident_bytes();
  run(THREADS, make_burst);
  EXPECT_TRUE(comes_back(before));
  end_burst();
}

static void test_burst_goes_back_at_once_when_asked_for(void **state)
{
  (void)state;
  gilloc_purge_set_decay_ms(GILLOC_PURGE_NEVER);
  size_t before = resident_bytes();
  run(THREADS, make_burst);
  EXPECT_EQ(gilloc_trim(0), 1);
  EXPECT_TRUE(is_back(before));
  end_burst();
  gilloc_purge_set_decay_ms(GILLOC_PURGE_DECAY_MS);
}

static atomic_uint ready;

/* Frees when all have allocated, and goes when all have freed: what is in its cache then nobody asks for. */
static void *leave_a_cache(void *unused)
{
  enum { COUNT = LEFT_BYTES / SIZE };
  static _Thread_local char *own[COUNT];
  (void)unused;
  for (unsigned i = 0; i < COUNT; i++)
    own[i] = memset(gilloc_malloc(SIZE), 1, SIZE);
  atomic_fetch_add(&ready, 1);
  threads_await(&ready, LEAVERS);
  for (unsigned i = 0; i < COUNT; i++)
    gilloc_free(own[i]);
  atomic_fetch_add(&ready, 1);
  threads_await(&ready, 2 * LEAVERS);
  return NULL;
}

static void test_what_ending_threads_leave_goes_back_without_traffic(void **state)
{
  (void)state;
  if (GILLOC_STRATEGY != GILLOC_STRATEGY_FINE)
    skip();
  atomic_store(&ready, 0);
  size_t before = resident_bytes();
  run(LEAVERS, leave_a_cache);
  EXPECT_TRUE(comes_back(before + 8 * MIB)); /* and the stacks that the C library keeps */
}

static atomic_uint holding, may_end;

/* Frees blocks of many classes, and large ones, and waits: its loaded magazines hold what is in nobody's
 * reach. */
static void *hold_a_cache(void *unused)
{
  enum { COUNT = 400, LARGEST = 512, ROUNDS = 3, LARGE_BLOCKS = 6, LARGE_BYTES = 256 << 10 };
  static _Thread_local char *own[COUNT];
  (void)unused;
  for (unsigned round = 0; round < ROUNDS; round++)
    for (size_t size = 16; size <= LARGEST; size += 16) {
      for (unsigned i = 0; i < COUNT; i++)
        own[i] = memset(gilloc_malloc(size), 1, size);
      for (unsigned i = 0; i < COUNT; i++)
        gilloc_free(own[i]);
    }
  for (unsigned i = 0; i < LARGE_BLOCKS; i++)
    own[i] = memset(gilloc_malloc(LARGE_BYTES), 1, LARGE_BYTES);
  for (unsigned i = 0; i < LARGE_BLOCKS; i++)
    gilloc_free(own[i]);
  atomic_fetch_add(&holding, 1);
  threads_await(&may_end, 1);
  return NULL;
}

static bool purge_rests(void)
{
  struct gilloc_purge_counts counts = gilloc_purge_counts();
  return counts.purgeable < GILLOC_PURGE_MIN_BYTES && !counts.thread_runs;
}

static bool comes_to_rest(void)
{
  uint64_t deadline = threads_now() + threads_ms(DEADLINE_S * 1000);
  while (!purge_rests()) {
    if (threads_now() > deadline)
      return false;
    sched_yield();
  }
  return true;
}

/* The purge rests, and nobody calls but those who end: theirs is the last word. */
static void test_threads_that_end_wake_the_purge(void **state)
{
  pthread_t ids[LEAVERS];
  (void)state;
  if (GILLOC_STRATEGY != GILLOC_STRATEGY_FINE)
    skip();
  gilloc_purge_set_decay_ms(50);
  for (unsigned i = 0; i < LEAVERS; i++)
    threads_start(&ids[i], hold_a_cache, NULL);
  threads_await(&holding, LEAVERS);
  EXPECT_TRUE(gilloc_purge_counts().threads_started != 0);
  gilloc_purge_tick();
  EXPECT_TRUE(comes_to_rest());
  size_t purged = gilloc_purge_counts().purged;
  atomic_store(&may_end, 1);
  for (unsigned i = 0; i < LEAVERS; i++)
    threads_join(ids[i]);
  EXPECT_TRUE(comes_to_rest());
  EXPECT_TRUE(gilloc_purge_counts().purged >= purged + GILLOC_PURGE_MIN_BYTES);
  gilloc_purge_set_decay_ms(GILLOC_PURGE_DECAY_MS);
}

/* Has a magazine or two of every class, at the same time as all others. */
static void *have_all_magazines(void *unused)
{
  (void)unused;
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++) {
    size_t bytes = gilloc_size_class_bytes(c), count = 2 * GILLOC_TCACHE_START_BYTES / bytes + 3;
    void *own[2 * GILLOC_TCACHE_START_BYTES / 16 + 3];
    for (size_t i = 0; i < count; i++)
      own[i] = gilloc_malloc(bytes);
    for (size_t i = 0; i < count; i++)
      gilloc_free(own[i]);
  }
  atomic_fetch_add(&ready, 1);
  threads_await(&ready, LEAVERS);
  return NULL;
}

/* But for those that ThreadSanitizer keeps of our pages for itself. */
static void test_magazines_of_ended_threads_go_back_when_asked_for(void **state)
{
  (void)state;
  if (!GILLOC_HAS_TCACHE || GILLOC_SLOW_PATHS || GILLOC_TSAN)
    skip();
  size_t magazines = (size_t)LEAVERS * GILLOC_CLASS_COUNT * GILLOC_MAGAZINE_BYTES;
  atomic_store(&ready, 0);
  gilloc_purge_set_decay_ms(GILLOC_PURGE_NEVER);
  gilloc_trim(0);
  size_t before = resident_bytes();
  run(LEAVERS, have_all_magazines);
  size_t after = resident_bytes();
  EXPECT_TRUE(after >= before + magazines);
  gilloc_trim(0);
  EXPECT_TRUE(after - resident_bytes() >= magazines / 2);
  gilloc_purge_set_decay_ms(GILLOC_PURGE_DECAY_MS);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_magazines_of_ended_threads_go_back_when_asked_for), /* while there are none */
      cmocka_unit_test(test_burst_goes_back_without_traffic),
      cmocka_unit_test(test_burst_goes_back_at_once_when_asked_for),
      cmocka_unit_test(test_what_ending_threads_leave_goes_back_without_traffic),
      cmocka_unit_test(test_threads_that_end_wake_the_purge),
  };
  return cmocka_run_group_tests(tests, hold_gil, drop_gil);
}
