/* SPDX-License-Identifier: MIT
 *
 * guard.h: THE SEAM. This file alone knows which strategy the library is built with. It offers the same
 * three pairs in every build:
 *
 *            |  none                     |  gil                        |  fine
 *   entry    |  debug: one thread only   |  take the GIL if not held   |  nothing
 *   guard    |  nothing                  |  debug: the GIL is held     |  the chosen lock
 *   read     |  nothing                  |  debug: the GIL is held     |  RCU read section
 *
 * Entry: once around each public call. Guard: around a shared structure. Read: around an arena-map
 * look-up of a pointer that may not be ours. The lock law (rank.h) is asserted in every debug build, the
 * ones without locks included, so a single-threaded test finds a leaked guard.
 */
#ifndef GILLOC_GUARD_H
#define GILLOC_GUARD_H

#include "base.h"
#include "gil.h"
#include "lock.h"
#include "panic.h"
#include "rank.h"
#include "rcu.h"

/* What guards one shared structure. All zero but for the rank when free. */
struct GILLOC_CAPABILITY("guard") gilloc_guard {
  struct gilloc_lock lock; /* empty under none and gil */
  uint32_t rank;           /* place in the lock law; set before first use, never changes */
};

/* The caller's, on the stack from enter to leave. */
struct gilloc_guard_node {
  struct gilloc_lock_node lock_node; /* empty but for MCS */
};

/* What an entry has to undo. */
struct gilloc_entry {
  bool took_gil;
};

/* Debug, none: panics when another thread than the first ever calls. */
void gilloc_guard_check_same_thread(void);

/* True where an entry would do nothing, so that a short path may go without one. */
static GILLOC_ALWAYS_INLINE bool gilloc_entry_is_open(void)
{
  if (GILLOC_DEBUG && GILLOC_STRATEGY == GILLOC_STRATEGY_NONE)
    gilloc_guard_check_same_thread();
  return !GILLOC_HAS_GIL || gilloc_gil_held();
}

static GILLOC_ALWAYS_INLINE struct gilloc_entry gilloc_entry_enter(void)
{
  struct gilloc_entry entry = {false};
  if (GILLOC_DEBUG && GILLOC_STRATEGY == GILLOC_STRATEGY_NONE)
    gilloc_guard_check_same_thread();
  if (GILLOC_HAS_GIL && GILLOC_UNLIKELY(!gilloc_gil_held())) {
    gilloc_gil_take();
    entry.took_gil = true;
  }
  return entry;
}

static GILLOC_ALWAYS_INLINE void gilloc_entry_leave(struct gilloc_entry entry)
{
  if (GILLOC_HAS_GIL && GILLOC_UNLIKELY(entry.took_gil))
    gilloc_gil_drop();
}

static GILLOC_ALWAYS_INLINE void gilloc_guard_enter(struct gilloc_guard *guard,
                                                    struct gilloc_guard_node *node) GILLOC_ACQUIRE(*guard)
    GILLOC_NOT_ANALYSED
{
  if (GILLOC_DEBUG) {
    gilloc_assert(!GILLOC_HAS_GIL || gilloc_gil_held());
    gilloc_rank_push(guard->rank);
  }
  gilloc_lock_acquire(&guard->lock, &node->lock_node);
}

static GILLOC_ALWAYS_INLINE void gilloc_guard_leave(struct gilloc_guard *guard,
                                                    struct gilloc_guard_node *node) GILLOC_RELEASE(*guard)
    GILLOC_NOT_ANALYSED
{
  gilloc_lock_release(&guard->lock, &node->lock_node);
  if (GILLOC_DEBUG)
    gilloc_rank_pop(guard->rank);
}

/* Ends a guard that was held across fork(2): left in the parent; free again in the child, where the threads
 * that waited for it do not exist. */
static inline void gilloc_guard_after_fork(struct gilloc_guard *guard, struct gilloc_guard_node *node,
                                           bool in_child) GILLOC_NOT_ANALYSED
{
  if (!in_child) {
    gilloc_guard_leave(guard, node);
    return;
  }
  gilloc_lock_reset(&guard->lock);
  if (GILLOC_DEBUG)
    gilloc_rank_pop(guard->rank);
}

/* Read sections nest and may not wait for a grace period or for the GIL. */
static GILLOC_ALWAYS_INLINE void gilloc_read_enter(void)
{
  gilloc_assert(!GILLOC_HAS_GIL || gilloc_gil_held());
  if (GILLOC_STRATEGY == GILLOC_STRATEGY_FINE)
    gilloc_rcu_read_enter();
}

static GILLOC_ALWAYS_INLINE void gilloc_read_leave(void)
{
  if (GILLOC_STRATEGY == GILLOC_STRATEGY_FINE)
    gilloc_rcu_read_leave();
}

/* Returns when every read section that was open at the call has ended; false where that cannot be known. No
 * guard may be held, nor a read section be open. Nothing under none and gil, where readers exclude writers.
 */
static inline bool gilloc_read_synchronize(void)
{
  return GILLOC_STRATEGY != GILLOC_STRATEGY_FINE || gilloc_rcu_synchronize();
}

#endif
