/* SPDX-License-Identifier: MIT
 *
 * unload.c: the end of a library that dlclose may unload (GILLOC_CLOSABLE; elsewhere nothing happens here).
 * No thread is in a call of it then, and none will be. Nothing may call its code later: the thread that
 * purges is joined and the keys, whose destructors are code, are deleted; the C library itself takes back
 * handlers of fork(2) of a library that goes. Memory goes back where no block is in use; else all of it
 * stays, so that what a block holds can still be read. At the end of the process destructors run too, but
 * others may still allocate after ours: then no memory goes back. Which of the two it is: exit(3) runs the
 * handlers of atexit(3) before all destructors, dlclose runs them after those of no priority and before those
 * that have one.
 */
#include <gilloc/gilloc.h>
#include <gilloc/stats.h>

#include "guard.h"
#include "os_memory.h"
#include "page_cache.h"
#include "page_space.h"
#include "purge.h"
#include "tcache.h"

#include <stdlib.h>

static bool process_ends, is_unloaded;

static void exit_begins(void)
{
  process_ends = true;
}

__attribute__((constructor(103))) static void library_starts(void)
{
  if (GILLOC_CLOSABLE)
    process_ends = atexit(exit_begins) != 0; /* then it cannot be told, and no memory goes back */
  if (GILLOC_CLOSABLE && GILLOC_STRATEGY == GILLOC_STRATEGY_FINE)
    gilloc_rcu_keep_loaded();
}

__attribute__((destructor)) static void destructors_begin(void)
{
  is_unloaded = !process_ends;
}

static bool is_in_use(void)
{
  struct gilloc_heap_stats stats;
  gilloc_heap_stats_read(&stats);
  return stats.in_use_bytes != 0 || stats.large_blocks != 0;
}

static void unmap_all(void)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  gilloc_page_space_unmap_free();
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
  gilloc_os_unmap_all();
}

/* After the other modules' destructors, which have higher numbers. */
__attribute__((destructor(101))) static void library_ends(void)
{
  if (!GILLOC_CLOSABLE)
    return;
  gilloc_purge_stop();
  gilloc_page_cache_close();
  gilloc_tcache_close();
  if (!is_unloaded)
    return;
  gilloc_trim(0);
  if (!is_in_use())
    unmap_all();
}
