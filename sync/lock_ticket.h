/* SPDX-License-Identifier: MIT
 *
 * lock_ticket.h: Concurrency Kit's ticket spinlock: one word, half the next ticket to draw and half the one
 * being served. First come, first served, and never sleeping: when the next in line has lost its processor,
 * everybody waits for it, so it collapses with more threads than processors. The contract is in lock.h.
 */
#ifndef GILLOC_LOCK_TICKET_H
#define GILLOC_LOCK_TICKET_H

#include "base.h"
#include "tsan.h"

#include <ck_spinlock.h>

struct gilloc_lock_ticket {
  struct ck_spinlock_ticket word; /* only Concurrency Kit touches it */
};

struct gilloc_lock_ticket_node {
};

static inline void gilloc_lock_ticket_acquire(struct gilloc_lock_ticket *lock,
                                              struct gilloc_lock_ticket_node *node)
{
  (void)node;
  ck_spinlock_ticket_lock(&lock->word);
  gilloc_tsan_acquired(lock);
}

static inline bool gilloc_lock_ticket_try_acquire(struct gilloc_lock_ticket *lock,
                                                  struct gilloc_lock_ticket_node *node)
{
  (void)node;
  if (!ck_spinlock_ticket_trylock(&lock->word))
    return false;
  gilloc_tsan_acquired(lock);
  return true;
}

static inline void gilloc_lock_ticket_release(struct gilloc_lock_ticket *lock,
                                              struct gilloc_lock_ticket_node *node)
{
  (void)node;
  gilloc_tsan_releasing(lock);
  ck_spinlock_ticket_unlock(&lock->word);
}

static inline void gilloc_lock_ticket_reset(struct gilloc_lock_ticket *lock)
{
  ck_spinlock_ticket_init(&lock->word);
}

#endif
