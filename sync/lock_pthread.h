/* SPDX-License-Identifier: MIT
 *
 * lock_pthread.h: the C library's mutex of the normal kind, for comparison: what most programs have. It
 * sleeps at once when contended, and costs 40 bytes a lock. On Linux its initialiser is all zero bytes.
 * The contract is in lock.h.
 */
#ifndef GILLOC_LOCK_PTHREAD_H
#define GILLOC_LOCK_PTHREAD_H

#include "base.h"
#include "panic.h"

#include <errno.h>
#include <pthread.h>

struct gilloc_lock_pthread {
  pthread_mutex_t mutex;
};

struct gilloc_lock_pthread_node {
};

static inline void gilloc_lock_pthread_acquire(struct gilloc_lock_pthread *lock,
                                               struct gilloc_lock_pthread_node *node)
{
  (void)node;
  int error = pthread_mutex_lock(&lock->mutex);
  if (GILLOC_UNLIKELY(error != 0))
    gilloc_panic_os("pthread_mutex_lock", error);
}

static inline bool gilloc_lock_pthread_try_acquire(struct gilloc_lock_pthread *lock,
                                                   struct gilloc_lock_pthread_node *node)
{
  (void)node;
  int error = pthread_mutex_trylock(&lock->mutex);
  if (GILLOC_UNLIKELY(error != 0 && error != EBUSY))
    gilloc_panic_os("pthread_mutex_trylock", error);
  return error == 0;
}

static inline void gilloc_lock_pthread_release(struct gilloc_lock_pthread *lock,
                                               struct gilloc_lock_pthread_node *node)
{
  (void)node;
  int error = pthread_mutex_unlock(&lock->mutex);
  if (GILLOC_UNLIKELY(error != 0))
    gilloc_panic_os("pthread_mutex_unlock", error);
}

/* The forking thread is the holder and lives on in the child, so it may simply unlock; a sanitizer that
 * keeps books of mutexes sees it. */
static inline void gilloc_lock_pthread_reset(struct gilloc_lock_pthread *lock)
{
  struct gilloc_lock_pthread_node node;
  (void)gilloc_lock_pthread_try_acquire(lock, &node);
  gilloc_lock_pthread_release(lock, &node);
}

#endif
