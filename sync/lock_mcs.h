/* SPDX-License-Identifier: MIT
 *
 * lock_mcs.h: Concurrency Kit's queue lock of Mellor-Crummey and Scott: one pointer to the last in line, and
 * each waiter spins on its own node, so a release touches one waiter's cache line only. First come, first
 * served, and never sleeping: it collapses with more threads than processors. The contract is in lock.h.
 */
#ifndef GILLOC_LOCK_MCS_H
#define GILLOC_LOCK_MCS_H

#include "base.h"
#include "tsan.h"

#include <ck_spinlock.h>

struct gilloc_lock_mcs {
  struct ck_spinlock_mcs *last; /* NULL when free; only Concurrency Kit touches it */
};

struct gilloc_lock_mcs_node {
  struct ck_spinlock_mcs place;
};

static inline void gilloc_lock_mcs_acquire(struct gilloc_lock_mcs *lock, struct gilloc_lock_mcs_node *node)
{
  ck_spinlock_mcs_lock(&lock->last, &node->place);
  gilloc_tsan_acquired(lock);
}

static inline bool gilloc_lock_mcs_try_acquire(struct gilloc_lock_mcs *lock,
                                               struct gilloc_lock_mcs_node *node)
{
  if (!ck_spinlock_mcs_trylock(&lock->last, &node->place))
    return false;
  gilloc_tsan_acquired(lock);
  return true;
}

static inline void gilloc_lock_mcs_release(struct gilloc_lock_mcs *lock, struct gilloc_lock_mcs_node *node)
{
  gilloc_tsan_releasing(lock);
  ck_spinlock_mcs_unlock(&lock->last, &node->place);
}

static inline void gilloc_lock_mcs_reset(struct gilloc_lock_mcs *lock)
{
  ck_spinlock_mcs_init(&lock->last);
}

#endif
