/* SPDX-License-Identifier: MIT
 *
 * lock_futex.c: the contended half of lock_futex.h. The spin is bounded by its number of looks, each after a
 * pause twice as long as the last, some microseconds in all: about what sleeping and waking would cost.
 */
#include "lock_futex.h"

enum { SPIN_LOOKS = 12, SPIN_LONGEST_PAUSE = 64 };

static void pause_for(unsigned hints)
{
  while (hints-- > 0)
    gilloc_spin_hint();
}

/* True when the lock was taken. Gives up at once where spinning cannot pay: on one processor the holder
 * does not run meanwhile, and behind sleepers the holder's release is a system call away. */
static bool spin(struct gilloc_lock_futex *lock)
{
  struct gilloc_lock_futex_node node;
  if (gilloc_cpu_count() == 1)
    return false;
  for (unsigned look = 0, pause = 1; look < SPIN_LOOKS; look++) {
    uint32_t seen = atomic_load_explicit(&lock->word, memory_order_relaxed);
    if (seen == GILLOC_LOCK_FUTEX_SLEEPERS)
      return false;
    if (seen == GILLOC_LOCK_FUTEX_FREE && gilloc_lock_futex_try_acquire(lock, &node))
      return true;
    pause_for(pause);
    pause = pause < SPIN_LONGEST_PAUSE ? 2 * pause : SPIN_LONGEST_PAUSE;
  }
  return false;
}

void gilloc_lock_futex_acquire_slow(struct gilloc_lock_futex *lock)
{
  if (spin(lock))
    return;
  while (atomic_exchange_explicit(&lock->word, GILLOC_LOCK_FUTEX_SLEEPERS,
                                  memory_order_acquire) /* pairs with _release's exchange */
         != GILLOC_LOCK_FUTEX_FREE)
    gilloc_futex_wait(&lock->word, GILLOC_LOCK_FUTEX_SLEEPERS, -1);
}
