/* flavours: fine fine-pthread fine-ticket fine-mcs */
/* presets: release debug asan */
/* SPDX-License-Identifier: MIT
 *
 * test_fork_guards.c: for every guard there is, and for liburcu's locks: one thread does nothing but what
 * holds it, so that at most forks it is held or about to be, and the child does the same once. A guard that
 * is not taken across the fork, or not set free in the child, stays held there by a thread that the child
 * does not have: it hangs, and its alarm ends it. A guard that is not left in the parent hangs the parent.
 */
#include "expect.h"
#include "fixture.h"
#include "threads.h"

#include "arena.h"
#include "arena_release.h"
#include "central.h"
#include "depot.h"
#include "guard.h"
#include "page_heap.h"
#include "purge.h"
#include "tcache.h"

#include <gilloc/gilloc.h>

enum { FORKS = 60, CLASS = 5, PAGES = 64 << 10 };

static void use_arenas(void)
{
  struct gilloc_pool_slot slot;
  if (gilloc_arena_take_pool(&slot))
    gilloc_arena_release(gilloc_arena_put_pool(slot.arena, slot.index));
}

static void use_a_class(void)
{
  struct gilloc_block *block = gilloc_central_take(CLASS);
  gilloc_block_mark_free(block);
  gilloc_central_put(CLASS, block);
}

static void use_the_depots(void)
{
  gilloc_depot_trim();
}

static void use_the_magazines(void)
{
  gilloc_depot_free_magazine(gilloc_depot_new_magazine());
}

static void use_the_list_of_caches(void)
{
  gilloc_tcache_trim(false);
}

static void use_the_page_heap(void)
{
  struct gilloc_page_dirt dirt;
  gilloc_page_heap_put(gilloc_page_heap_take(PAGES, 1, &dirt));
}

static void use_the_purge(void)
{
  use_the_page_heap();
  gilloc_purge_all();
}

/* A reader itself, or there would be nobody to wait for. */
static void wait_for_readers(void)
{
  gilloc_read_enter();
  gilloc_read_leave();
  gilloc_read_synchronize();
}

static void (*user)(void);
static atomic_bool is_over;
static _Atomic unsigned uses;

static void *use_all_the_time(void *unused)
{
  while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
    user();
    atomic_fetch_add_explicit(&uses, 1, memory_order_relaxed);
  }
  return unused;
}

/* Whatever else the child does, too. */
static void use_in_the_child(void)
{
  user();
  void *block = gilloc_malloc(100), *large = gilloc_malloc(PAGES);
  COUNT_UNLESS(block && large);
  gilloc_free(block);
  gilloc_free(large);
}

static void fork_while_it_is_held(void (*what)(void))
{
  pthread_t thread;
  user = what;
  atomic_store(&is_over, false);
  atomic_store(&uses, 0);
  threads_start(&thread, use_all_the_time, NULL);
  for (unsigned i = 0; i < FORKS; i++) {
    threads_await(&uses, 10 * i);
    int status = threads_fork(use_in_the_child);
    EXPECT_EQ(status, 0);
  }
  atomic_store(&is_over, true);
  threads_join(thread);
  EXPECT_EQ(test_failures, 0);
}

#define TEST_OF(what)                                                                                        \
  static void test_fork_while_threads_##what(void **state)                                                   \
  {                                                                                                          \
    (void)state;                                                                                             \
    fork_while_it_is_held(what);                                                                             \
  }

TEST_OF(use_arenas)
TEST_OF(use_a_class)
TEST_OF(use_the_depots)
TEST_OF(use_the_magazines)
TEST_OF(use_the_list_of_caches)
TEST_OF(use_the_page_heap)
TEST_OF(use_the_purge)
TEST_OF(wait_for_readers)

static int begin(void **state)
{
  gilloc_purge_set_background(false);
  gilloc_free(gilloc_malloc(100));
  return threads_begin(state);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(test_fork_while_threads_use_arenas),
      TEST(test_fork_while_threads_use_a_class),
      TEST(test_fork_while_threads_use_the_depots),
      TEST(test_fork_while_threads_use_the_magazines),
      TEST(test_fork_while_threads_use_the_list_of_caches),
      TEST(test_fork_while_threads_use_the_page_heap),
      TEST(test_fork_while_threads_use_the_purge),
      TEST(test_fork_while_threads_wait_for_readers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
