/* SPDX-License-Identifier: MIT
 *
 * mutex.c: the contended halves of mutex.h, on the parking lot.
 */
#include "mutex.h"

#include "panic.h"
#include "parking.h"
#include "platform.h"

/* A waiter that has wanted the mutex for longer is handed it. */
enum { FAIR_AFTER_NS = 1000000 };
/* Looks before parking, and the longest pause between two, in spin hints. */
enum { SPIN_LOOKS = 12, SPIN_LONGEST_PAUSE = 64 };

static void pause_for(unsigned hints)
{
  while (hints-- > 0)
    gilloc_spin_hint();
}

/* True when the mutex was taken. Spinning pays only where holders run beside us: under `fine`, with a
 * second processor, while nobody is parked (whose holder has kept it long already). */
static bool spin(struct gilloc_mutex *m)
{
  if (GILLOC_STRATEGY != GILLOC_STRATEGY_FINE || gilloc_cpu_count() == 1)
    return false;
  for (unsigned look = 0, pause = 1; look < SPIN_LOOKS; look++) {
    if (gilloc_mutex_try_acquire(m))
      return true;
    if (__atomic_load_n(&m->bits, __ATOMIC_RELAXED) & GILLOC_MUTEX_PARKED)
      return false;
    pause_for(pause);
    pause = pause < SPIN_LONGEST_PAUSE ? 2 * pause : SPIN_LONGEST_PAUSE;
  }
  return false;
}

void gilloc_mutex_acquire_slow(struct gilloc_mutex *m)
{
  enum { HELD_AND_PARKED = GILLOC_MUTEX_LOCKED | GILLOC_MUTEX_PARKED };
  struct gilloc_parking_waiter waiter = {.since_ns = 0};
  if (spin(m))
    return;
  waiter.since_ns = gilloc_clock_ns();
  while (!gilloc_mutex_try_acquire(m)) {
    uint8_t bits = __atomic_load_n(&m->bits, __ATOMIC_RELAXED);
    if (bits == GILLOC_MUTEX_LOCKED && !gilloc_mutex_change(m, bits, HELD_AND_PARKED, __ATOMIC_RELAXED))
      continue;
    /* A hand-over leaves LOCKED set for us; its order comes with the waiter's outcome (parking.c). */
    if (gilloc_parking_park(&waiter, &m->bits, HELD_AND_PARKED) == GILLOC_PARKING_HANDED)
      return;
  }
}

/* Under the bucket's lock, with LOCKED set by the caller: so nobody else can change the bits now. */
static bool decide(uint8_t *bits, struct gilloc_parking_found found)
{
  bool hand_over = found.waiters > 0 && found.waited_ns > FAIR_AFTER_NS;
  int left = (hand_over ? GILLOC_MUTEX_LOCKED : 0) | (found.waiters > 1 ? GILLOC_MUTEX_PARKED : 0);
  __atomic_store_n(bits, (uint8_t)left, __ATOMIC_RELEASE); /* pairs with gilloc_mutex_try_acquire */
  return hand_over;
}

void gilloc_mutex_release_slow(struct gilloc_mutex *m)
{
  if ((__atomic_load_n(&m->bits, __ATOMIC_RELAXED) & GILLOC_MUTEX_LOCKED) == 0)
    gilloc_panic("gilloc_mutex_unlock: the mutex at %p is not locked; unlock it once for each lock",
                 (void *)m);
  gilloc_parking_unpark_one(&m->bits, decide);
}
