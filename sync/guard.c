/* SPDX-License-Identifier: MIT
 *
 * guard.c: the check of debug builds of `none` that one thread only ever calls. The first caller claims the
 * library, once in the life of the process; the mark is the thread's own, so it follows it through fork. The
 * loader may take the mark away again (thread-locals get their first values after the resolvers of IFUNCs
 * have run): then the claimant is known by its number.
 */
#include "guard.h"

#include "platform.h"

#include <stdatomic.h>

_Static_assert(GILLOC_STRATEGY != GILLOC_STRATEGY_FINE || GILLOC_LOCK != GILLOC_LOCK_NONE,
               "the strategy fine needs a lock");

static _Atomic uint32_t claimant;
static GILLOC_THREAD_LOCAL bool claimed_by_us;

void gilloc_guard_check_same_thread(void)
{
  if (GILLOC_LIKELY(claimed_by_us))
    return;
  uint32_t self = gilloc_thread_id(), other = 0;
  if (!atomic_compare_exchange_strong_explicit(&claimant, &other, self, memory_order_relaxed,
                                               memory_order_relaxed) &&
      other != self)
    gilloc_panic("a second thread calls the flavour `none`, which is for one; use `gil` or `fine`");
  claimed_by_us = true;
}
