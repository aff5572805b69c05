/* SPDX-License-Identifier: MIT
 *
 * mutex.h (internal): the one-byte mutex of gilloc/sync.h without the GIL: what the public functions and
 * the critical sections (critical_section.c) are made of.
 *
 *   bits: 0 free   LOCKED held   LOCKED|PARKED held, somebody is parked   PARKED free, somebody is parked
 *
 * Barging: whoever finds LOCKED clear may set it, parked waiters notwithstanding. So that none starves, a
 * release hands the mutex over, still LOCKED, to a waiter that has wanted it for more than a millisecond.
 * PARKED changes from set to clear only under the parking bucket's lock.
 */
#ifndef GILLOC_MUTEX_H
#define GILLOC_MUTEX_H

#include "base.h"

#include <gilloc/sync.h>

enum gilloc_mutex_bits { GILLOC_MUTEX_LOCKED = 1, GILLOC_MUTEX_PARKED = 2 };

/* Waits, asleep if it takes long, until the mutex is the caller's. */
void gilloc_mutex_acquire_slow(struct gilloc_mutex *m) GILLOC_COLD;
/* Releases a mutex for which somebody is parked; panics when it is free. */
void gilloc_mutex_release_slow(struct gilloc_mutex *m) GILLOC_COLD;

static GILLOC_ALWAYS_INLINE bool gilloc_mutex_change(struct gilloc_mutex *m, uint8_t from, uint8_t to,
                                                     int order)
{
  return __atomic_compare_exchange_n(&m->bits, &from, to, false, order, __ATOMIC_RELAXED);
}

/* True when the mutex was taken. */
static inline bool gilloc_mutex_try_acquire(struct gilloc_mutex *m)
{
  uint8_t bits = __atomic_load_n(&m->bits, __ATOMIC_RELAXED);
  return (bits & GILLOC_MUTEX_LOCKED) == 0 &&
         gilloc_mutex_change(m, bits, bits | GILLOC_MUTEX_LOCKED,
                             __ATOMIC_ACQUIRE); /* pairs with gilloc_mutex_release, mutex.c's decide */
}

static inline void gilloc_mutex_acquire(struct gilloc_mutex *m)
{
  if (GILLOC_UNLIKELY(!gilloc_mutex_try_acquire(m)))
    gilloc_mutex_acquire_slow(m);
}

static inline void gilloc_mutex_release(struct gilloc_mutex *m)
{
  if (GILLOC_UNLIKELY(!gilloc_mutex_change(m, GILLOC_MUTEX_LOCKED, 0,
                                           __ATOMIC_RELEASE))) /* pairs with gilloc_mutex_try_acquire */
    gilloc_mutex_release_slow(m);
}

#endif
