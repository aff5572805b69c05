/* SPDX-License-Identifier: MIT
 *
 * sync.h: what an application guards its own shared data with.
 *
 * gilloc_mutex is one byte, all zero when free, and the same in every flavour (the design of CPython's
 * PyMutex: barging, waiters parked in a table by address, handed over directly to a waiter that has
 * waited 1 ms). Locking it may block; a thread that holds the GIL gives it up while it is blocked.
 *
 * A critical section is that mutex under `fine`. Under `gil` and `none` it locks nothing, because the
 * GIL (or the only thread) already excludes everybody else; it is counted and checked, and checkpoints
 * inside it do not switch. (CPython's Py_BEGIN_CRITICAL_SECTION)
 *
 *   struct gilloc_critical_section section;
 *   gilloc_critical_section_enter(&section, &table->mutex);
 *   ...
 *   gilloc_critical_section_leave(&section);
 */
#ifndef GILLOC_SYNC_H
#define GILLOC_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 1 byte. Initialise with zero. Not recursive. Must not be moved while somebody waits for it. */
struct gilloc_mutex {
  uint8_t bits; /* bit 0: locked; bit 1: somebody is parked. Atomic; only the functions below touch it. */
};

/* Locks `m`, waiting as long as it takes. errno is preserved. The GIL need not be held. Under `gil`, having
 * to wait inside a critical section is a panic: giving the GIL up there would open the section. */
void gilloc_mutex_lock(struct gilloc_mutex *m);

/* Locks `m` if that is possible without waiting; true if locked. Never blocks. */
bool gilloc_mutex_trylock(struct gilloc_mutex *m);

/* Unlocks `m`; unlocking a free mutex is a panic. Any thread may unlock. Never blocks. */
void gilloc_mutex_unlock(struct gilloc_mutex *m);

/* A section on the caller's stack; plain memory, no need to initialise. */
struct gilloc_critical_section {
  struct gilloc_mutex *mutex;            /* the mutex of an open section, NULL once left */
  struct gilloc_critical_section *outer; /* the section that was innermost before; NULL if none */
};

/* Opens and closes a section. Sections nest and close in the reverse order of opening (a panic otherwise, in
 * every flavour). Under `gil` the GIL must be held (a panic otherwise) and no blocking region may be entered
 * inside. Under `fine` the mutex of an outer section must not be entered again (a panic). */
void gilloc_critical_section_enter(struct gilloc_critical_section *section, struct gilloc_mutex *mutex);
void gilloc_critical_section_leave(struct gilloc_critical_section *section);

#ifdef __cplusplus
}
#endif
#endif
