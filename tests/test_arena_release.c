/* SPDX-License-Identifier: MIT
 *
 * test_arena_release.c: who frees waits for no reader. The memory of an empty arena goes back at once, its
 * addresses stay readable for a section that was open before, and the next arena takes them. */
/* flavours: fine fine-* */
#include "expect.h"
#include "sandbox.h"
#include "threads.h"

#include "arena.h"
#include "arena_map.h"
#include "arena_release.h"
#include "os_memory.h"
#include "purge.h"
#include "rcu.h"

#include <gilloc/gilloc.h>

#include <errno.h>

enum { ARENAS = 3, POOLS = ARENAS * GILLOC_ARENA_POOLS };

static struct gilloc_pool_slot slots[POOLS];
static pthread_mutex_t wanted = PTHREAD_MUTEX_INITIALIZER;
static _Atomic unsigned reading, may_leave, reclaimed;
static volatile char *read_at; /* by the reader, as it leaves */

static void *wait_in_section(void *argument)
{
  (void)argument;
  gilloc_rcu_read_enter();
  atomic_store(&reading, 1);
  pthread_mutex_lock(&wanted);
  pthread_mutex_unlock(&wanted);
  threads_await(&may_leave, 1);
  if (read_at)
    COUNT_UNLESS(*read_at == 0);
  gilloc_rcu_read_leave();
  return NULL;
}

static void *nothing(void *argument)
{
  return argument;
}

/* Every test has had two threads. */
static int begin(void **state)
{
  atomic_store(&reading, 0);
  atomic_store(&may_leave, 0);
  atomic_store(&reclaimed, 0);
  read_at = NULL;
  threads_run(1, nothing, NULL);
  gilloc_arena_reclaim();
  return threads_begin(state);
}

static void take_pools(void)
{
  for (unsigned i = 0; i < POOLS; i++) {
    EXPECT_TRUE(gilloc_arena_take_pool(&slots[i]));
    memset(gilloc_arena_pool_start(slots[i].arena, slots[i].index), 1, GILLOC_POOL_SIZE);
  }
}

/* Ends the arenas that become empty, whatever the arenas' own rules keep. */
static void put_pools(void)
{
  for (unsigned i = 0; i < POOLS; i++)
    gilloc_arena_release(gilloc_arena_put_pool(slots[i].arena, slots[i].index));
  gilloc_purge_all();
}

static void test_who_frees_waits_for_no_reader(void **state)
{
  (void)state;
  pthread_t reader;
  take_pools();
  pthread_mutex_lock(&wanted);
  threads_start(&reader, wait_in_section, NULL);
  threads_await(&reading, 1);
  size_t held = gilloc_arena_counts().mapped_now;
  errno = EDOM;
  put_pools(); /* the reader leaves its section when this is done */
  EXPECT_EQ(errno, EDOM);
  EXPECT_TRUE(gilloc_arena_counts().mapped_now < held);
  pthread_mutex_unlock(&wanted);
  atomic_store(&may_leave, 1);
  threads_join(reader);
}

static void test_memory_goes_at_once_and_addresses_stay(void **state)
{
  (void)state;
  take_pools();
  struct gilloc_os_counts full = gilloc_os_counts();
  size_t held = gilloc_arena_counts().mapped_now;
  put_pools();
  size_t gone = held - gilloc_arena_counts().mapped_now;
  EXPECT_TRUE(gone >= 1);
  EXPECT_TRUE(gilloc_os_counts().charged <= full.charged - gone * GILLOC_ARENA_SIZE);
  EXPECT_EQ(gilloc_os_counts().mapped, full.mapped);
  gilloc_arena_reclaim();
  EXPECT_EQ(gilloc_os_counts().mapped, full.mapped - gone * GILLOC_ARENA_SIZE);
}

static void test_next_arena_takes_a_parked_one(void **state)
{
  (void)state;
  take_pools();
  struct gilloc_os_counts full = gilloc_os_counts();
  put_pools();
  take_pools();
  EXPECT_EQ(gilloc_os_counts().mapped, full.mapped);
  EXPECT_EQ(gilloc_os_counts().charged, full.charged);
  EXPECT_TRUE(gilloc_arena_is_consistent());
  put_pools();
}

static void *reclaim(void *argument)
{
  gilloc_arena_reclaim();
  atomic_store(&reclaimed, 1);
  return argument;
}

static void test_addresses_can_be_read_in_a_section_that_was_open(void **state)
{
  (void)state;
  pthread_t reader, reclaimer;
  take_pools();
  threads_start(&reader, wait_in_section, NULL);
  threads_await(&reading, 1);
  put_pools();
  for (unsigned i = 0; i < POOLS && !read_at; i++) {
    char *start = gilloc_arena_pool_start(slots[i].arena, slots[i].index);
    read_at = gilloc_arena_map_find(start) == 0 ? start : NULL;
  }
  EXPECT_NOT_NULL((char *)read_at);
  threads_start(&reclaimer, reclaim, NULL);
  threads_work(threads_ms(20));
  EXPECT_EQ(atomic_load(&reclaimed), 0);
  atomic_store(&may_leave, 1);
  threads_join(reader);
  threads_join(reclaimer);
  EXPECT_EQ(test_failures, 0);
}

static void test_limit_refuses_a_parked_arena(void **state)
{
  (void)state;
  take_pools();
  size_t full = gilloc_os_counts().charged;
  put_pools();
  gilloc_os_set_limits(0, full - 1);
  unsigned taken = 0;
  while (taken < POOLS && gilloc_arena_take_pool(&slots[taken]))
    taken++;
  gilloc_os_set_limits(0, 0);
  EXPECT_TRUE(taken < POOLS);
  for (; taken < POOLS; taken++)
    EXPECT_TRUE(gilloc_arena_take_pool(&slots[taken]));
  EXPECT_EQ(gilloc_os_counts().charged, full);
  put_pools();
}

static void test_without_grace_periods_arenas_stay_parked(void **state)
{
  (void)state;
  pid_t child = fork();
  if (child == 0) {
    threads_run(1, nothing, NULL);
    take_pools();
    if (sandbox_refuses(SYS_membarrier)) {
      put_pools();
      size_t mapped = gilloc_os_counts().mapped;
      gilloc_arena_reclaim();
      COUNT_UNLESS(gilloc_os_counts().mapped == mapped);
      take_pools();
      COUNT_UNLESS(gilloc_os_counts().mapped == mapped);
    }
    _exit(test_failures ? 1 : 0);
  }
  EXPECT_EQ(wait_for_child(child), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_who_frees_waits_for_no_reader, begin),
      cmocka_unit_test_setup(test_memory_goes_at_once_and_addresses_stay, begin),
      cmocka_unit_test_setup(test_next_arena_takes_a_parked_one, begin),
      cmocka_unit_test_setup(test_addresses_can_be_read_in_a_section_that_was_open, begin),
      cmocka_unit_test_setup(test_limit_refuses_a_parked_arena, begin),
      cmocka_unit_test_setup(test_without_grace_periods_arenas_stay_parked, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
