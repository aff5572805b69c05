/* SPDX-License-Identifier: MIT
 *
 * rcu.h: read sections and grace periods. The only module that knows liburcu (its bp flavour: threads
 * register by themselves, fork is handled) and the only place where its synchronisation is shown to
 * ThreadSanitizer. Compiled and linked under `fine` only: the others' guard.h refers to none of it.
 */
#ifndef GILLOC_RCU_H
#define GILLOC_RCU_H

#include "base.h"

/* A read section; sections nest. Never blocks, preserves errno. The first one of a thread registers it
 * with liburcu, which may call pthread_setspecific and through it calloc: so no caller may hold a guard
 * or be inside malloc's own path when it opens its thread's first section. */
void gilloc_rcu_read_enter(void);
void gilloc_rcu_read_leave(void);

/* True while the calling thread is in a section, of this library or of an application that uses liburcu-bp.
 */
bool gilloc_rcu_is_reading(void);

/* Waits for a grace period; preserves errno; is no cancellation point. Asserts that no guard is held and no
 * read section is open (where this is built there is no GIL to hold). */
void gilloc_rcu_synchronize(void);

/* liburcu stays loaded from now on: it counts the threads that have read, and each of them calls it when it
 * ends. */
void gilloc_rcu_keep_loaded(void);

/* Around fork(2), in this order, from the library's atfork handlers. */
void gilloc_rcu_before_fork(void);
void gilloc_rcu_after_fork_parent(void);
void gilloc_rcu_after_fork_child(void);

#endif
