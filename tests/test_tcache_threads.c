/* flavours: fine fine-mcs fine-slow fine-classic fine-py311 */
/* timeout: 240 */
/* cost: 4 */
/* optimised: yes */
/* SPDX-License-Identifier: MIT
 *
 * test_tcache_threads.c: the caches of many threads: their beginning and end, magazines that change hands,
 * and trims by others.
 */
#include "tcache_use.h"

#include "metadata.h"
#include "os_memory.h"
#include "purge.h"

#include <gilloc/gilloc.h>

enum {
  USERS = 8,
  /* In the round after the last ThreadSanitizer has forgotten the thread, which liburcu may still call. */
  LAST_ROUND = GILLOC_TSAN ? 2 : 3
};

static void *look_at_a_new_cache(void *unused)
{
  (void)unused;
  COUNT_UNLESS(gilloc_tcache_bytes() == 0);
  COUNT_UNLESS(gilloc_tcache_self.linear_end == 0);
  COUNT_UNLESS(gilloc_tcache_self.window.slots == 0);
  COUNT_UNLESS(gilloc_tcache_self.rest == NULL);
  return NULL;
}

static void test_thread_starts_on_an_empty_closed_cache(void **state)
{
  (void)state;
  run_threads(1, look_at_a_new_cache);
  EXPECT_EQ(test_failures, 0);
}

/* Leaves magazines as large as they come in the depot, of a part of the classes that one budget suffices for.
 */
static void *leave_large_magazines(void *part)
{
  static _Thread_local struct gilloc_block *blocks[MANY];
  for (unsigned c = (unsigned)(uintptr_t)part; c < GILLOC_CLASS_COUNT; c += USERS)
    for (unsigned round = 0; round < 6; round++) {
      unsigned count = count_of(c, (size_t)1 << 19);
      take_all(c, blocks, count);
      put_all(c, blocks, count);
    }
  return NULL;
}

/* Takes a block of every class and puts it back: a magazine of the depot each. */
static void *take_what_others_left(void *unused)
{
  (void)unused;
  for (unsigned round = 0; round < 3; round++)
    for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++)
      put(c, take(c));
  COUNT_UNLESS(GILLOC_SLOW_PATHS || gilloc_tcache_bytes() > 0);
  check_magazines();
  return NULL;
}

static void test_cache_stays_within_its_bytes_with_the_magazines_of_others(void **state)
{
  (void)state;
  for (uintptr_t part = 0; part < USERS; part++) {
    pthread_t thread;
    threads_start(&thread, leave_large_magazines, (void *)part);
    threads_join(thread);
  }
  run_threads(1, take_what_others_left);
  EXPECT_EQ(test_failures, 0);
}

static void *use_and_end(void *unused)
{
  static _Thread_local void *blocks[1000];
  (void)unused;
  for (unsigned i = 0; i < 1000; i++)
    blocks[i] = gilloc_malloc(i % 512 + 1);
  for (unsigned i = 0; i < 1000; i++)
    gilloc_free(blocks[i]);
  check_magazines();
  return NULL;
}

static void test_ended_threads_leave_nothing_but_the_depots_stock(void **state)
{
  (void)state;
  flush_all();
  run_threads(USERS, use_and_end);
  EXPECT_EQ(test_failures, 0);
  size_t stock = gilloc_depot_bytes();
  EXPECT_EQ(gilloc_depot_drain_all(), stock);
  EXPECT_TRUE(nothing_is_in_use());
}

enum { LEFT = 4000 };
static struct gilloc_block *left[LEFT];

/* Takes all back once, so that it is not for threads of other homes. */
static void *leave_blocks(void *unused)
{
  (void)unused;
  for (unsigned round = 0; round < 2; round++) {
    take_all(CLASS, left, LEFT);
    put_all(CLASS, left, LEFT);
  }
  return NULL;
}

static void *count_what_was_left(void *unused)
{
  static struct gilloc_block *blocks[LEFT / 2];
  unsigned same = 0;
  (void)unused;
  take_all(CLASS, blocks, LEFT / 2);
  for (unsigned i = 0; i < LEFT / 2; i++)
    for (unsigned j = 0; j < LEFT; j++)
      same += blocks[i] == left[j];
  put_all(CLASS, blocks, LEFT / 2);
  COUNT_UNLESS(same > LEFT / 4);
  return NULL;
}

/* Of threads that come and go each has what the one before had, and its own cache lines. */
static void test_new_thread_is_at_home_where_one_has_ended(void **state)
{
  (void)state;
  flush_all();
  for (unsigned i = 0; i < 3; i++) {
    run_threads(1, leave_blocks);
    run_threads(1, count_what_was_left);
  }
  EXPECT_EQ(test_failures, 0);
  flush_all();
}

static void *use_little_and_end(void *number)
{
  void *blocks[40];
  for (unsigned i = 0; i < 40; i++)
    blocks[i] = gilloc_malloc(16 + (uintptr_t)number % 7 * 50);
  for (unsigned i = 0; i < 40; i++)
    gilloc_free(blocks[i]);
  return NULL;
}

/* Caches and magazines of threads that ended are used again: their number does not count. */
static void test_ten_thousand_threads_leave_nothing(void **state)
{
  (void)state;
  flush_all();
  run_threads(USERS, use_little_and_end);
  size_t stock = gilloc_depot_bytes(), mapped = gilloc_os_counts().mapped;
  for (unsigned i = 0; i < 10000 / USERS / (GILLOC_TSAN ? 10 : 1); i++)
    run_threads(USERS, use_little_and_end);
  EXPECT_LE(gilloc_depot_bytes(), 8 * stock + (1 << 20));
  EXPECT_LE(gilloc_os_counts().mapped,
            mapped + GILLOC_ARENA_SIZE + 4 * GILLOC_METADATA_CHUNK); /* records, too */
  flush_all();
  EXPECT_TRUE(nothing_is_in_use());
}

static pthread_key_t late_key;

/* Runs in rounds of destructors, so also after the cache has gone. */
static void use_heap_late(void *value)
{
  uintptr_t round = (uintptr_t)value;
  void *blocks[50];
  for (unsigned i = 0; i < 50; i++)
    blocks[i] = gilloc_malloc(64);
  for (unsigned i = 0; i < 50; i++)
    gilloc_free(blocks[i]);
  if (round < LAST_ROUND) {
    pthread_setspecific(late_key, (void *)(round + 1));
    return;
  }
  COUNT_UNLESS(gilloc_tcache_bytes() == 0);
  COUNT_UNLESS(gilloc_tcache_self.linear_end == 0 && gilloc_tcache_self.window.slots == 0);
  COUNT_UNLESS(gilloc_tcache_self.rest == NULL);
  for (unsigned code = 0; code <= GILLOC_CLASS_COUNT; code++)
    COUNT_UNLESS(gilloc_tcache_self.tops[code] == NULL);
}

static void *leave_late_use(void *unused)
{
  (void)unused;
  use_and_end(NULL);
  pthread_setspecific(late_key, (void *)(uintptr_t)1);
  return NULL;
}

static void test_thread_at_its_end_goes_on_without_a_cache(void **state)
{
  (void)state;
  flush_all();
  pthread_key_create(&late_key, use_heap_late);
  run_threads(USERS, leave_late_use);
  pthread_key_delete(late_key);
  EXPECT_EQ(test_failures, 0);
  flush_all();
  EXPECT_TRUE(nothing_is_in_use());
}

static _Atomic unsigned idle_count, idle_end;

/* Has blocks in the loaded magazine and in the spare, and does nothing more. */
static void *fill_cache_and_idle(void *unused)
{
  struct gilloc_block *blocks[400];
  (void)unused;
  take_all(CLASS, blocks, 400);
  put_all(CLASS, blocks, 400);
  atomic_fetch_add(&idle_count, 1);
  threads_await(&idle_end, 1);
  put(CLASS + 1, take(CLASS + 1));
  put(CLASS, take(CLASS));
  return NULL;
}

static void start_idle_thread(pthread_t *thread)
{
  skip_where_nothing_is_cached();
  flush_all();
  atomic_store(&idle_count, 0);
  atomic_store(&idle_end, 0);
  threads_start(thread, fill_cache_and_idle, NULL);
  threads_await(&idle_count, 1);
}

static void test_trim_takes_the_spares_of_threads_that_do_nothing(void **state)
{
  pthread_t thread;
  (void)state;
  start_idle_thread(&thread);
  gilloc_tcache_trim(false); /* the thread was active until now */
  size_t bytes = gilloc_tcache_trim(false);
  EXPECT_TRUE(bytes > 0 && bytes % gilloc_size_class_bytes(CLASS) == 0);
  EXPECT_EQ(gilloc_tcache_trim(true), 0);
  atomic_store(&idle_end, 1);
  threads_join(thread);
  EXPECT_EQ(test_failures, 0);
}

static _Atomic bool enough;

static void *trim_until_enough(void *unused)
{
  (void)unused;
  for (unsigned i = 0; !atomic_load_explicit(&enough, memory_order_relaxed); i++) {
    gilloc_tcache_trim(i % 2);
    gilloc_depot_trim();
    sched_yield();
  }
  return NULL;
}

static void *hold_and_check(void *number)
{
  static _Thread_local unsigned char *blocks[500];
  for (unsigned round = 0; round < 200 / TEST_DIVISOR + 1; round++) {
    for (unsigned i = 0; i < 500; i++) {
      blocks[i] = gilloc_malloc(100);
      memset(blocks[i], (int)(uintptr_t)number, 100);
    }
    for (unsigned i = 0; i < 500; i++) {
      COUNT_UNLESS(blocks[i][0] == (uintptr_t)number && blocks[i][99] == (uintptr_t)number);
      gilloc_free(blocks[i]);
    }
  }
  check_magazines();
  return NULL;
}

static void test_trims_and_busy_threads_do_not_disturb_each_other(void **state)
{
  pthread_t trimmer;
  (void)state;
  atomic_store(&enough, false);
  threads_start(&trimmer, trim_until_enough, NULL);
  run_threads(4, hold_and_check);
  atomic_store(&enough, true);
  threads_join(trimmer);
  EXPECT_EQ(test_failures, 0);
  flush_all();
  EXPECT_TRUE(nothing_is_in_use());
}

/* Two periods of the purge: the thread was active in the first. */
static void test_decay_takes_the_spares_of_threads_that_do_nothing(void **state)
{
  pthread_t thread;
  uint64_t past_every_time = UINT64_C(1) << 62, period = threads_ms(GILLOC_PURGE_DECAY_MS);
  (void)state;
  start_idle_thread(&thread);
  gilloc_purge_step(past_every_time);
  gilloc_purge_step(past_every_time + period);
  EXPECT_EQ(gilloc_tcache_trim(false) + gilloc_tcache_trim(false), 0);
  atomic_store(&idle_end, 1);
  threads_join(thread);
  EXPECT_EQ(test_failures, 0);
}

static void test_trim_empties_the_caller_s_own_cache(void **state)
{
  (void)state;
  skip_where_nothing_is_cached();
  use_and_end(NULL);
  EXPECT_TRUE(gilloc_tcache_bytes() > 0);
  gilloc_trim(0);
  EXPECT_EQ(gilloc_tcache_bytes(), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TCACHE_TEST(test_thread_starts_on_an_empty_closed_cache),
      TCACHE_TEST(test_cache_stays_within_its_bytes_with_the_magazines_of_others),
      TCACHE_TEST(test_ended_threads_leave_nothing_but_the_depots_stock),
      TCACHE_TEST(test_new_thread_is_at_home_where_one_has_ended),
      TCACHE_TEST(test_ten_thousand_threads_leave_nothing),
      TCACHE_TEST(test_thread_at_its_end_goes_on_without_a_cache),
      TCACHE_TEST(test_trim_takes_the_spares_of_threads_that_do_nothing),
      TCACHE_TEST(test_decay_takes_the_spares_of_threads_that_do_nothing),
      TCACHE_TEST(test_trim_empties_the_caller_s_own_cache),
      TCACHE_TEST(test_trims_and_busy_threads_do_not_disturb_each_other),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
