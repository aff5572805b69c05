/* flavours: fine */
/* link: -Wl,--wrap=gilloc_futex_wait -Wl,--wrap=gilloc_page_heap_purgeable */
/* SPDX-License-Identifier: MIT
 *
 * test_purge_wake.c: a setting that changes after the purge thread has decided how long to sleep, and before
 * it sleeps, is not slept through, nor is what becomes purgeable between its two looks, before it rests and
 * after. And while the thread waits for readers, ticks purge.
 */
#include "expect.h"
#include "fixture.h"
#include "purge_use.h"

#include "arena.h"
#include "arena_release.h"
#include "page_heap.h"
#include "platform.h"
#include "purge.h"
#include "rcu.h"
#include "threads.h"

enum { MIB = 1 << 20, LONG_MS = 600000, SHORT_MS = 20 };

bool __real_gilloc_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns);
bool __wrap_gilloc_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns);

static void (*_Atomic at_sleep)(void); /* what happens as the thread is about to sleep for a time; once */

bool __wrap_gilloc_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns)
{
  if (timeout_ns > (int64_t)SHORT_MS * THREADS_NS_PER_MS) {
    void (*happens)(void) = atomic_exchange(&at_sleep, NULL);
    if (happens)
      happens();
  }
  return __real_gilloc_futex_wait(word, expected, timeout_ns);
}

size_t __real_gilloc_page_heap_purgeable(void);
size_t __wrap_gilloc_page_heap_purgeable(void);

static _Atomic pthread_t tester;
static _Atomic unsigned has_looked, may_go_on;
static _Atomic bool is_stopped_at_look;

/* The purge thread, having seen that little is left, stops until the test has made that untrue. */
size_t __wrap_gilloc_page_heap_purgeable(void)
{
  size_t bytes = __real_gilloc_page_heap_purgeable();
  if (bytes < GILLOC_PURGE_MIN_BYTES && !pthread_equal(pthread_self(), atomic_load(&tester)) &&
      atomic_exchange(&is_stopped_at_look, false)) {
    atomic_store(&has_looked, 1);
    threads_await(&may_go_on, 1);
  }
  return bytes;
}

static void start_thread(void)
{
  gilloc_purge_set_background(true);
  make_dirty(2 * GILLOC_PURGE_START_BYTES);
  gilloc_purge_prepare();
  gilloc_purge_tick();
  EXPECT_TRUE(gilloc_purge_counts().threads_started > 0);
}

static void lower_decay(void)
{
  gilloc_purge_set_decay_ms(SHORT_MS);
}

static void test_lowered_decay_is_not_slept_through(void **state)
{
  (void)state;
  gilloc_purge_set_decay_ms(LONG_MS);
  atomic_store(&at_sleep, lower_decay);
  start_thread();
  while (gilloc_purge_counts().purgeable > 0) /* the alarm ends it */
    sched_yield();
}

/* The tick finds the thread at work, and does not wake it; the thread has seen that it has none. */
static void test_what_comes_between_the_two_looks_is_not_slept_through(void **state)
{
  (void)state;
  gilloc_purge_set_decay_ms(SHORT_MS);
  while (gilloc_purge_counts().thread_runs)
    sched_yield();
  atomic_store(&tester, pthread_self());
  atomic_store(&is_stopped_at_look, true);
  start_thread();
  threads_await(&has_looked, 1);
  make_dirty(2 * MIB);
  gilloc_purge_tick();
  atomic_store(&may_go_on, 1);
  while (gilloc_purge_counts().purgeable > 0)
    sched_yield();
}

static _Atomic unsigned reading, may_leave;

static void *read_for_long(void *argument)
{
  gilloc_rcu_read_enter();
  atomic_store(&reading, 1);
  threads_await(&may_leave, 1);
  gilloc_rcu_read_leave();
  return argument;
}

/* An arena, parked, that the purge thread will wait for readers to unmap. */
static void park_an_arena(void)
{
  static struct gilloc_pool_slot slots[2 * GILLOC_ARENA_POOLS];
  for (unsigned i = 0; i < 2 * GILLOC_ARENA_POOLS; i++)
    EXPECT_TRUE(gilloc_arena_take_pool(&slots[i]));
  for (unsigned i = 0; i < 2 * GILLOC_ARENA_POOLS; i++)
    gilloc_arena_release(gilloc_arena_put_pool(slots[i].arena, slots[i].index));
  gilloc_purge_all();
}

static void test_ticks_purge_while_the_thread_waits_for_readers(void **state)
{
  (void)state;
  pthread_t reader;
  threads_start(&reader, read_for_long, NULL);
  threads_await(&reading, 1);
  gilloc_purge_set_decay_ms(SHORT_MS);
  for (unsigned i = 0; i < 3; i++) {
    park_an_arena();
    start_thread();
    while (gilloc_purge_counts().purgeable > 0) {
      gilloc_purge_tick();
      sched_yield();
    }
  }
  atomic_store(&may_leave, 1);
  threads_join(reader);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_lowered_decay_is_not_slept_through, threads_begin),
      cmocka_unit_test_setup(test_what_comes_between_the_two_looks_is_not_slept_through, threads_begin),
      cmocka_unit_test_setup(test_ticks_purge_while_the_thread_waits_for_readers, threads_begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
