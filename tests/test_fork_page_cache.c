/* flavours: fine */
/* SPDX-License-Identifier: MIT
 *
 * test_fork_page_cache.c: a fork while another thread works on its cache of large blocks. The child, which
 * has no such thread, still gets what lay in that cache, all but the block that the thread had in hand.
 */
#include "expect.h"
#include "fixture.h"
#include "threads.h"

#include "os_memory.h"
#include "page_cache.h"
#include "page_heap.h"

#include <gilloc/gilloc.h>

enum { KIB = 1 << 10, A = 112 * KIB, B = 128 * KIB, OF_EACH = 4, CACHED = OF_EACH * (A + B) };

static _Atomic unsigned worker_id, may_put;

/* The last handler to run before a fork: every guard of the library's is held by then. Lets the worker go as
 * far as it can. */
static void guards_are_held(void)
{
  if (atomic_load(&worker_id) == 0)
    return;
  atomic_store(&may_put, 1);
  threads_await_asleep(&worker_id);
}

/* Handlers run before a fork in the reverse order, so this comes first of all. */
static void register_first(void)
{
  pthread_atfork(guards_are_held, NULL, NULL);
}

static void (*const preinit[])(void) __attribute__((section(".preinit_array"), used)) = {register_first};

/* Has a full cache, and makes room in it: with one block in hand it waits for the page heap's guard. */
static void *put_one_more(void *unused)
{
  void *blocks[2 * OF_EACH], *more = gilloc_malloc(B);
  gilloc_page_cache_set_max(CACHED);
  for (unsigned i = 0; i < 2 * OF_EACH; i++)
    blocks[i] = gilloc_malloc(i % 2 ? B : A);
  for (unsigned i = 0; i < 2 * OF_EACH; i++)
    gilloc_free(blocks[i]);
  COUNT_UNLESS(gilloc_page_cache_counts().bytes == CACHED);
  atomic_store(&worker_id, gilloc_thread_id());
  threads_await(&may_put, 1);
  gilloc_free(more);
  return unused;
}

static void test_child_gets_a_cache_that_was_worked_on(void **state)
{
  (void)state;
  pthread_t worker;
  threads_start(&worker, put_one_more, NULL);
  threads_await(&worker_id, 1);
  pid_t child = fork();
  if (child == 0) {
    bool can_fence = gilloc_os_fence_threads();
    COUNT_UNLESS(gilloc_page_cache_bytes() == CACHED - A);
    COUNT_UNLESS(gilloc_page_cache_trim(true) == (can_fence ? CACHED - A : 0));
    COUNT_UNLESS(gilloc_page_cache_bytes() == 0 || !can_fence);
    COUNT_UNLESS(gilloc_page_heap_is_consistent());
    _exit(test_failures ? 1 : 0);
  }
  EXPECT_EQ(wait_for_child(child), 0);
  threads_join(worker);
  EXPECT_EQ(gilloc_page_cache_bytes(), 0);
  EXPECT_EQ(test_failures, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_child_gets_a_cache_that_was_worked_on, threads_begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
