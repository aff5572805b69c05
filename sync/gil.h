/* SPDX-License-Identifier: MIT
 *
 * gil.h (internal): what the guard needs of the GIL. The public contract is gilloc/gil.h; the lock's
 * state and the policies' interface are gil_state.h. Implements gilloc/gil.h in every flavour; without
 * GILLOC_HAS_GIL its functions do nothing.
 */
#ifndef GILLOC_INTERNAL_GIL_H
#define GILLOC_INTERNAL_GIL_H

#include "base.h"
#include "gil_state.h"

/* This thread's record. Others touch it only while this thread waits (gil_state.h). */
extern GILLOC_THREAD_LOCAL struct gilloc_gil_thread gilloc_gil_self;

/* The one GIL of the process. */
extern struct gilloc_gil gilloc_gil;

static inline bool gilloc_gil_held(void)
{
  return gilloc_gil_self.held;
}

/* Takes and drops the GIL for the length of one call, for a thread that does not hold it. No
 * registration is needed. errno is preserved. */
void gilloc_gil_take(void);
void gilloc_gil_drop(void);

/* Inside a critical section checkpoints do not switch and no blocking region may begin. */
void gilloc_gil_section_enter(void);
void gilloc_gil_section_leave(void);

/* Around fork(2), in every flavour. The child's only thread owns a new lock if it held the old
 * one. `before` takes the GIL, so that what it guards is at rest; `parent` and `child` undo that. `child`
 * also makes new what the rest of sync/ remembers of the parent: parked waiters, the cached thread id. */
void gilloc_gil_before_fork(void);
void gilloc_gil_after_fork_parent(void);
void gilloc_gil_after_fork_child(void);

/* Registers the three, once, from constructors only. Handlers run before fork(2) in the reverse order of
 * registration: whoever has guards to take registers its own first, so that the GIL is taken first. */
void gilloc_gil_register_fork_handlers(void);

#endif
