/* SPDX-License-Identifier: MIT
 *
 * purge_use.h: tests of the purge start with nothing purgeable, and have a clock of their own.
 */
#ifndef GILLOC_TESTS_PURGE_USE_H
#define GILLOC_TESTS_PURGE_USE_H

#include "expect.h"

#include "os_memory.h"
#include "page_heap.h"
#include "platform.h"
#include "purge.h"

#include <sched.h>
#include <string.h>

static const uint64_t ms = 1000000;
static uint64_t purge_now; /* past every true time that the purge has seen */

/* For tests by the true time. They come before all others: it ends no period that has not begun yet. The
 * thread of the test before may have pools in hand, which would come back to this one. */
static inline int begin_true_time(void **state)
{
  (void)state;
  gilloc_purge_set_background(false);
  while (gilloc_purge_counts().thread_runs)
    sched_yield();
  gilloc_purge_set_decay_ms(1000);
  gilloc_purge_all();
  EXPECT_EQ(gilloc_purge_counts().purgeable, 0);
  return 0;
}

static inline int begin(void **state)
{
  uint64_t true_now = gilloc_clock_ns();
  begin_true_time(state);
  if (purge_now < true_now)
    purge_now = true_now;
  gilloc_purge_step(purge_now += 2000 * ms);
  EXPECT_EQ(gilloc_purge_counts().purgeable, 0);
  return 0;
}

static inline int end(void **state)
{
  (void)state;
  gilloc_os_set_limits(0, 0);
  gilloc_purge_set_decay_ms(GILLOC_PURGE_DECAY_MS);
  return 0;
}

static inline void make_dirty(size_t bytes)
{
  struct gilloc_page_dirt dirt;
  char *block = gilloc_page_heap_take(bytes, 1, &dirt);
  memset(block, 1, bytes);
  gilloc_page_heap_put(block);
}

static inline size_t purgeable_after(uint64_t milliseconds)
{
  gilloc_purge_step(purge_now += milliseconds * ms);
  return gilloc_purge_counts().purgeable;
}

#endif
