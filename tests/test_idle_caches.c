/* flavours: fine fine-mcs */
/* SPDX-License-Identifier: MIT
 *
 * test_idle_caches.c: what threads have freed and do not need goes back without traffic, in small processes
 * too: of threads that have ended, and of threads that sleep. The alarm ends what does not come true.
 */
#include "expect.h"
#include "fixture.h"
#include "threads.h"

#include "os_memory.h"
#include "purge.h"
#include "tcache.h"

#include <gilloc/gilloc.h>
#include <gilloc/stats.h>

enum { KIB = 1 << 10, MIB = 1 << 20, DECAY_MS = 20, THREADS = 8, BLOCK = 100, BLOCKS = 3 * MIB / BLOCK };

/* Classes of 512 bytes to 1 KiB, as many as the budget lets grow to the largest capacity; a magazine and a
 * half of each, so that nothing goes to the depot. */
enum { CLASSES = 16, STEP = 32, A_CLASS = 3 * GILLOC_TCACHE_MAGAZINE_BYTES / 2 };

static _Atomic unsigned done, may_end;

static void *free_and_end(void *unused)
{
  static void *blocks[BLOCKS];
  for (unsigned i = 0; i < BLOCKS; i++)
    COUNT_UNLESS((blocks[i] = gilloc_malloc(BLOCK)) != NULL);
  for (unsigned i = 0; i < BLOCKS; i++)
    gilloc_free(blocks[i]);
  return unused;
}

/* The first test: later ones find the thread there. */
static void test_thread_that_ends_leaves_nothing_for_good(void **state)
{
  (void)state;
  gilloc_purge_set_background(true);
  gilloc_purge_set_decay_ms(DECAY_MS);
  threads_run(1, free_and_end, NULL);
  EXPECT_TRUE(gilloc_os_counts().charged < GILLOC_PURGE_HELD_BYTES);
  EXPECT_EQ(gilloc_purge_counts().threads_started, 1);
  while (gilloc_purge_counts().purgeable >= MIB)
    sched_yield();
  EXPECT_EQ(test_failures, 0);
}

/* Fills the thread's magazines of each class: a full spare, a loaded one in use. */
static void fill_cache(void)
{
  static _Thread_local void *blocks[A_CLASS / 512];
  for (unsigned i = 1; i <= CLASSES; i++) {
    unsigned size = 512 + i * STEP, count = A_CLASS / size;
    for (unsigned k = 0; k < count; k++)
      COUNT_UNLESS((blocks[k] = gilloc_malloc(size)) != NULL);
    for (unsigned k = 0; k < count; k++)
      gilloc_free(blocks[k]);
  }
}

static void *fill_and_sleep(void *unused)
{
  fill_cache();
  atomic_fetch_add(&done, 1);
  threads_await(&may_end, 1);
  return unused;
}

static size_t in_use(void)
{
  struct gilloc_heap_stats stats;
  gilloc_heap_stats_read(&stats);
  return stats.in_use_bytes;
}

/* Two thirds of what they cache, which counts as in use, are in reach. */
static void test_threads_that_sleep_give_their_spares_back(void **state)
{
  (void)state;
  pthread_t threads[THREADS];
  size_t cached = (size_t)THREADS * CLASSES * A_CLASS, before;
  gilloc_purge_set_background(true);
  gilloc_purge_set_decay_ms(DECAY_MS);
  while (gilloc_purge_counts().thread_runs)
    sched_yield();
  before = in_use();
  for (unsigned i = 0; i < THREADS; i++)
    threads_start(&threads[i], fill_and_sleep, NULL);
  threads_await(&done, THREADS);
  while (in_use() - before > cached / 4 * 3)
    sched_yield();
  while (gilloc_purge_counts().thread_runs)
    sched_yield();
  atomic_store(&may_end, 1);
  for (unsigned i = 0; i < THREADS; i++)
    threads_join(threads[i]);
  EXPECT_EQ(gilloc_tcache_spare_bytes(), 0);
  EXPECT_EQ(test_failures, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_thread_that_ends_leaves_nothing_for_good, threads_begin),
      cmocka_unit_test_setup(test_threads_that_sleep_give_their_spares_back, threads_begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
