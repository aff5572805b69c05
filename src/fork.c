/* SPDX-License-Identifier: MIT
 *
 * fork.c: the handlers. Order of taking: the GIL (outermost, by sync/gil.c's own handlers, registered after
 * these and therefore run before), a mutex of the forkers, for the C library runs the handlers of several
 * threads at once and each guard's node for fork(2) is one, then the guards from the highest rank down.
 * Release in the reverse order. Of liburcu nothing is held (rcu.h).
 */
#include "fork.h"

#include "arena.h"
#include "central.h"
#include "depot.h"
#include "guard.h"
#include "page_cache.h"
#include "page_heap.h"
#include "purge.h"
#include "tcache.h"

#include <pthread.h>

static pthread_mutex_t forkers = PTHREAD_MUTEX_INITIALIZER;

static void before_fork(void)
{
  pthread_mutex_lock(&forkers);
  if (GILLOC_STRATEGY == GILLOC_STRATEGY_FINE)
    gilloc_rcu_before_fork();
  gilloc_purge_before_fork();
  gilloc_page_heap_before_fork();
  gilloc_tcache_before_fork();
  gilloc_depot_before_fork();
  gilloc_central_before_fork();
  gilloc_arena_before_fork();
}

static void leave_guards(bool in_child)
{
  gilloc_arena_after_fork(in_child);
  gilloc_central_after_fork(in_child);
  gilloc_depot_after_fork(in_child);
  gilloc_tcache_after_fork(in_child);
  if (in_child && GILLOC_HAS_TCACHE)
    gilloc_page_cache_after_fork();
  gilloc_page_heap_after_fork(in_child);
  gilloc_purge_after_fork(in_child);
  pthread_mutex_unlock(&forkers);
}

static void after_fork_parent(void)
{
  leave_guards(false);
}

static void after_fork_child(void)
{
  leave_guards(true);
  if (GILLOC_STRATEGY == GILLOC_STRATEGY_FINE)
    gilloc_rcu_after_fork_child();
}

void gilloc_fork_register(void)
{
  int error = pthread_atfork(before_fork, after_fork_parent, after_fork_child);
  if (error != 0)
    gilloc_panic_os("pthread_atfork", error);
  gilloc_gil_register_fork_handlers();
}
