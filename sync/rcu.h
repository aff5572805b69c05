/* SPDX-License-Identifier: MIT
 *
 * rcu.h: read sections and grace periods. The only module that knows liburcu (its bp flavour: threads
 * register by themselves; the application may use the same) and the only place where its synchronisation is
 * shown to ThreadSanitizer. Compiled and linked under `fine` only: the others' guard.h refers to none of it.
 *
 *   before the constructors --> sections and grace periods --> a fork's child, unless its parent had one
 * thread (neither)                                                  (neither again)
 */
#ifndef GILLOC_RCU_H
#define GILLOC_RCU_H

#include "base.h"

/* A read section; sections nest. Never blocks, preserves errno. The first one of a thread registers it
 * with liburcu, which may call pthread_setspecific and through it calloc: so no caller may hold a guard
 * or be inside malloc's own path when it opens its thread's first section. Nothing where there are no grace
 * periods. */
void gilloc_rcu_read_enter(void);
void gilloc_rcu_read_leave(void);

/* Waits for a grace period; false, at once, where none can be had. Preserves errno; is no cancellation point.
 * The application's readers are waited for too, whatever they wait for: so never in a call of the
 * application's. Asserts that no guard is held and no read section is open (where this is built there is no
 * GIL to hold). */
bool gilloc_rcu_synchronize(void);

/* liburcu stays loaded from now on: it counts the threads that have read, and each of them calls it when it
 * ends. */
void gilloc_rcu_keep_loaded(void);

/* Around fork(2), from the library's atfork handlers. liburcu's own handlers are the application's to call:
 * they take its locks, and are not to be called twice. */
void gilloc_rcu_before_fork(void);
void gilloc_rcu_after_fork_child(void);

#endif
