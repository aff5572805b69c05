/* SPDX-License-Identifier: MIT
 *
 * lock_futex.h: spin briefly, then sleep. One 32-bit word:
 *
 *   0 free  --acquire-->  1 held, nobody sleeps  --a waiter lies down-->  2 held, somebody may sleep
 *   ^---------release------------'                                               |
 *   ^---------release, and wake one sleeper--------------------------------------'
 *
 * A woken waiter takes the word to 2, not 1, since it cannot know whether others still sleep; at worst one
 * wake-up goes to nobody. Barging: whoever finds 0 has it. A holder that loses its processor costs its
 * waiters their bounded spin and no more. The contract is in lock.h.
 */
#ifndef GILLOC_LOCK_FUTEX_H
#define GILLOC_LOCK_FUTEX_H

#include "base.h"
#include "platform.h"

#include <stdatomic.h>

enum gilloc_lock_futex_state {
  GILLOC_LOCK_FUTEX_FREE = 0,
  GILLOC_LOCK_FUTEX_HELD = 1,
  GILLOC_LOCK_FUTEX_SLEEPERS = 2
};

struct gilloc_lock_futex {
  _Atomic uint32_t word; /* enum gilloc_lock_futex_state; written by every user */
};

struct gilloc_lock_futex_node {
};

/* Waits until the lock is this thread's. */
void gilloc_lock_futex_acquire_slow(struct gilloc_lock_futex *lock) GILLOC_COLD;

static GILLOC_ALWAYS_INLINE bool gilloc_lock_futex_try_acquire(struct gilloc_lock_futex *lock,
                                                               struct gilloc_lock_futex_node *node)
{
  uint32_t expected = GILLOC_LOCK_FUTEX_FREE;
  (void)node;
  return atomic_compare_exchange_strong_explicit(&lock->word, &expected, GILLOC_LOCK_FUTEX_HELD,
                                                 memory_order_acquire, /* pairs with _release's exchange */
                                                 memory_order_relaxed);
}

static GILLOC_ALWAYS_INLINE void gilloc_lock_futex_acquire(struct gilloc_lock_futex *lock,
                                                           struct gilloc_lock_futex_node *node)
{
  if (GILLOC_UNLIKELY(!gilloc_lock_futex_try_acquire(lock, node)))
    gilloc_lock_futex_acquire_slow(lock);
}

static GILLOC_ALWAYS_INLINE void gilloc_lock_futex_release(struct gilloc_lock_futex *lock,
                                                           struct gilloc_lock_futex_node *node)
{
  (void)node;
  uint32_t before = atomic_exchange_explicit(&lock->word, GILLOC_LOCK_FUTEX_FREE,
                                             memory_order_release); /* pairs with both acquires */
  if (GILLOC_UNLIKELY(before == GILLOC_LOCK_FUTEX_SLEEPERS))
    gilloc_futex_wake(&lock->word, 1);
}

static inline void gilloc_lock_futex_reset(struct gilloc_lock_futex *lock)
{
  atomic_store_explicit(&lock->word, GILLOC_LOCK_FUTEX_FREE, memory_order_relaxed);
}

#endif
