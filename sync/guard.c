/* SPDX-License-Identifier: MIT
 *
 * guard.c: the check of debug builds of `none` that one thread only ever calls. The first caller claims the
 * library, once in the life of the process; the mark is the thread's own, so it follows it through fork.
 */
#include "guard.h"

#include <stdatomic.h>

_Static_assert(GILLOC_STRATEGY != GILLOC_STRATEGY_FINE || GILLOC_LOCK != GILLOC_LOCK_NONE,
               "the strategy fine needs a lock");

static _Atomic bool claimed;
static GILLOC_THREAD_LOCAL bool claimed_by_us;

void gilloc_guard_check_same_thread(void)
{
  if (GILLOC_LIKELY(claimed_by_us))
    return;
  if (atomic_exchange_explicit(&claimed, true, memory_order_relaxed))
    gilloc_panic("a second thread calls the flavour `none`, which is for one; use `gil` or `fine`");
  claimed_by_us = true;
}
