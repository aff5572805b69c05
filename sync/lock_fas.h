/* SPDX-License-Identifier: MIT
 *
 * lock_fas.h: Concurrency Kit's fetch-and-store spinlock: one word, exchanged until it was free; waiters
 * only read in between. The cheapest uncontended, without order among waiters, and never sleeping: a holder
 * that loses its processor keeps all waiters burning theirs. The contract is in lock.h.
 */
#ifndef GILLOC_LOCK_FAS_H
#define GILLOC_LOCK_FAS_H

#include "base.h"
#include "tsan.h"

#include <ck_spinlock.h>

struct gilloc_lock_fas {
  struct ck_spinlock_fas word; /* only Concurrency Kit touches it */
};

struct gilloc_lock_fas_node {
};

static inline void gilloc_lock_fas_acquire(struct gilloc_lock_fas *lock, struct gilloc_lock_fas_node *node)
{
  (void)node;
  ck_spinlock_fas_lock(&lock->word);
  gilloc_tsan_acquired(lock);
}

static inline bool gilloc_lock_fas_try_acquire(struct gilloc_lock_fas *lock,
                                               struct gilloc_lock_fas_node *node)
{
  (void)node;
  if (!ck_spinlock_fas_trylock(&lock->word))
    return false;
  gilloc_tsan_acquired(lock);
  return true;
}

static inline void gilloc_lock_fas_release(struct gilloc_lock_fas *lock, struct gilloc_lock_fas_node *node)
{
  (void)node;
  gilloc_tsan_releasing(lock);
  ck_spinlock_fas_unlock(&lock->word);
}

static inline void gilloc_lock_fas_reset(struct gilloc_lock_fas *lock)
{
  ck_spinlock_fas_init(&lock->word);
}

#endif
