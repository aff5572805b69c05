/* SPDX-License-Identifier: MIT
 *
 * lock_none.h: no lock. For the strategies that exclude other threads by other means (`none`: there are
 * none; `gil`: the GIL). Both structs are empty and the functions vanish. The contract is in lock.h.
 */
#ifndef GILLOC_LOCK_NONE_H
#define GILLOC_LOCK_NONE_H

#include "base.h"

struct gilloc_lock_none {
};

struct gilloc_lock_none_node {
};

static GILLOC_ALWAYS_INLINE void gilloc_lock_none_acquire(struct gilloc_lock_none *lock,
                                                          struct gilloc_lock_none_node *node)
{
  (void)lock;
  (void)node;
}

static GILLOC_ALWAYS_INLINE bool gilloc_lock_none_try_acquire(struct gilloc_lock_none *lock,
                                                              struct gilloc_lock_none_node *node)
{
  (void)lock;
  (void)node;
  return true;
}

static GILLOC_ALWAYS_INLINE void gilloc_lock_none_release(struct gilloc_lock_none *lock,
                                                          struct gilloc_lock_none_node *node)
{
  (void)lock;
  (void)node;
}

static GILLOC_ALWAYS_INLINE void gilloc_lock_none_reset(struct gilloc_lock_none *lock)
{
  (void)lock;
}

#endif
