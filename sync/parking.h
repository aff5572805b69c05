/* SPDX-License-Identifier: MIT
 *
 * parking.h: the parking lot: threads wait in a table by the address of the byte that they wait for, so
 * the byte itself is all that a lock costs. Waiters stand on their own stacks; nothing is allocated.
 *
 *   table[hash(address)] = { lock, first -> waiter -> waiter -> NULL }     first come, first unparked
 *
 * Invariant: a parked waiter is in exactly one bucket, and leaves it only by an unpark. The look at the
 * byte before parking and its change at unparking happen under the same bucket's lock, so no wake-up can
 * fall between them. Guarded by each bucket's own futex lock. Used by mutex.
 */
#ifndef GILLOC_PARKING_H
#define GILLOC_PARKING_H

#include "base.h"

#include <stdatomic.h>

/* One waiting thread, on its stack. The caller sets since_ns once and keeps it over several parkings. */
struct gilloc_parking_waiter {
  uint64_t since_ns;                  /* gilloc_clock_ns when it began to want */
  const uint8_t *address;             /* what it waits for; under the bucket's lock from here ... */
  struct gilloc_parking_waiter *next; /* ... to here */
  _Atomic uint32_t outcome; /* enum gilloc_parking_outcome, 0 while parked; the futex it sleeps on */
};

enum gilloc_parking_outcome {
  GILLOC_PARKING_WAITING = 0, /* never returned */
  GILLOC_PARKING_CHANGED = 1, /* the byte was not as expected: never parked */
  GILLOC_PARKING_WOKEN = 2,   /* woken, to try again */
  GILLOC_PARKING_HANDED = 3   /* woken, and given what it waited for */
};

/* Sleeps until unparked, if `*address` is `expected`. Preserves errno. Is no cancellation point. */
enum gilloc_parking_outcome gilloc_parking_park(struct gilloc_parking_waiter *waiter, const uint8_t *address,
                                                uint8_t expected);

/* What an unpark found. */
struct gilloc_parking_found {
  unsigned waiters;   /* parked at the address: 0, 1, or 2 for more than one */
  uint64_t waited_ns; /* by the first of them since it began to want */
};

/* Changes the byte, under the bucket's lock; true to hand the first waiter what it waits for. */
typedef bool gilloc_parking_decide(uint8_t *address, struct gilloc_parking_found found);

/* Calls `decide` once, then unparks the first waiter at `address`, if there is one. */
void gilloc_parking_unpark_one(uint8_t *address, gilloc_parking_decide *decide);

/* In a fork's child: forgets all waiters, whose threads do not exist there, and frees the buckets' locks. */
void gilloc_parking_after_fork_child(void);

#endif
