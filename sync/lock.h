/* SPDX-License-Identifier: MIT
 *
 * lock.h: the lock contract, and the one place that says which kind it is. Each kind lives in
 * lock_<kind>.h and defines
 *
 *   struct gilloc_lock_<kind>        all zero bytes must be a free lock
 *   struct gilloc_lock_<kind>_node   the caller's, on the stack from acquire to release; may be empty
 *   void gilloc_lock_<kind>_acquire(lock *, node *)
 *   bool gilloc_lock_<kind>_try_acquire(lock *, node *)
 *   void gilloc_lock_<kind>_release(lock *, node *)
 *   void gilloc_lock_<kind>_reset(lock *)         back to free, in a fork's child
 *
 * all static inline, none of which allocates. Concurrency Kit's locks are assembly that ThreadSanitizer
 * cannot see; their headers tell it, with the words of tsan.h.
 */
#ifndef GILLOC_LOCK_H
#define GILLOC_LOCK_H

#include "base.h"

/* The kind arrives as GILLOC_LOCK. The default is futex: the only one that is both cheap alone and keeps its
 * throughput when threads outnumber processors, as a holder without a processor costs it a bounded spin.
 * Two cores under other load, ns for a pair alone and million pairs a second from 8 threads, medians of 3:
 * futex 4.2 and 79, pthread 5.7 and 41, fas 2.1 and 16, ticket 7.3 and 3, mcs 4.3 and 0.04. */
#if GILLOC_LOCK == 0
#include "lock_none.h"
#define GILLOC_LOCK_KIND(rest) gilloc_lock_none##rest
#elif GILLOC_LOCK == 1
#include "lock_pthread.h"
#define GILLOC_LOCK_KIND(rest) gilloc_lock_pthread##rest
#elif GILLOC_LOCK == 2
#include "lock_futex.h"
#define GILLOC_LOCK_KIND(rest) gilloc_lock_futex##rest
#elif GILLOC_LOCK == 3
#include "lock_fas.h"
#define GILLOC_LOCK_KIND(rest) gilloc_lock_fas##rest
#elif GILLOC_LOCK == 4
#include "lock_ticket.h"
#define GILLOC_LOCK_KIND(rest) gilloc_lock_ticket##rest
#elif GILLOC_LOCK == 5
#include "lock_mcs.h"
#define GILLOC_LOCK_KIND(rest) gilloc_lock_mcs##rest
#else
#error "GILLOC_LOCK must be a number of enum gilloc_lock_kind, 0 to 5"
#endif

struct gilloc_lock {
  struct GILLOC_LOCK_KIND() kind;
};

struct gilloc_lock_node {
  struct GILLOC_LOCK_KIND(_node) kind;
};

static GILLOC_ALWAYS_INLINE void gilloc_lock_acquire(struct gilloc_lock *lock, struct gilloc_lock_node *node)
{
  GILLOC_LOCK_KIND(_acquire)(&lock->kind, &node->kind);
}

/* True when the lock was taken. Never waits. */
static GILLOC_ALWAYS_INLINE bool gilloc_lock_try_acquire(struct gilloc_lock *lock,
                                                         struct gilloc_lock_node *node)
{
  return GILLOC_LOCK_KIND(_try_acquire)(&lock->kind, &node->kind);
}

static GILLOC_ALWAYS_INLINE void gilloc_lock_release(struct gilloc_lock *lock, struct gilloc_lock_node *node)
{
  GILLOC_LOCK_KIND(_release)(&lock->kind, &node->kind);
}

/* Back to free, whoever held it. For a fork's child, where the holder may not exist any more. */
static GILLOC_ALWAYS_INLINE void gilloc_lock_reset(struct gilloc_lock *lock)
{
  GILLOC_LOCK_KIND(_reset)(&lock->kind);
}

#undef GILLOC_LOCK_KIND

#endif
