/* SPDX-License-Identifier: MIT
 *
 * critical_section.c: gilloc/sync.h. A mutex is the internal one (mutex.h), but a holder of the GIL that
 * has to wait for it gives the GIL up meanwhile. A section locks its mutex under `fine` only; in every
 * flavour the open sections of a thread form a chain from the innermost outwards, against which each leave
 * is checked.
 */
#include <gilloc/sync.h>

#include "gil.h"
#include "mutex.h"
#include "panic.h"

static GILLOC_THREAD_LOCAL struct gilloc_critical_section *innermost;

static GILLOC_COLD void lock_contended(struct gilloc_mutex *m)
{
  bool held = GILLOC_HAS_GIL && gilloc_gil_held();
  if (held && innermost != NULL)
    gilloc_panic(
        "gilloc_mutex_lock: would wait for the mutex at %p inside a critical section; lock it before",
        (void *)m);
  if (held)
    gilloc_gil_drop();
  gilloc_mutex_acquire_slow(m);
  if (held)
    gilloc_gil_take();
}

GILLOC_PUBLIC void gilloc_mutex_lock(struct gilloc_mutex *m)
{
  if (GILLOC_UNLIKELY(!gilloc_mutex_try_acquire(m)))
    lock_contended(m);
}

GILLOC_PUBLIC bool gilloc_mutex_trylock(struct gilloc_mutex *m)
{
  return gilloc_mutex_try_acquire(m);
}

GILLOC_PUBLIC void gilloc_mutex_unlock(struct gilloc_mutex *m)
{
  gilloc_mutex_release(m);
}

static void check_not_open(const struct gilloc_mutex *mutex)
{
  for (const struct gilloc_critical_section *open = innermost; open != NULL; open = open->outer) {
    if (open->mutex == mutex)
      gilloc_panic(
          "gilloc_critical_section_enter: the mutex at %p is that of an outer section; enter it once",
          (const void *)mutex);
  }
}

static GILLOC_COLD void enter_contended(struct gilloc_mutex *mutex)
{
  check_not_open(mutex);
  gilloc_mutex_acquire_slow(mutex);
}

GILLOC_PUBLIC void gilloc_critical_section_enter(struct gilloc_critical_section *section,
                                                 struct gilloc_mutex *mutex)
{
  if (GILLOC_HAS_GIL && GILLOC_UNLIKELY(!gilloc_gil_held()))
    gilloc_panic("gilloc_critical_section_enter: the GIL is not held; call gilloc_thread_attach first");
  if (GILLOC_DEBUG)
    check_not_open(mutex);
  if (GILLOC_STRATEGY == GILLOC_STRATEGY_FINE && GILLOC_UNLIKELY(!gilloc_mutex_try_acquire(mutex)))
    enter_contended(mutex);
  gilloc_gil_section_enter();
  section->mutex = mutex;
  section->outer = innermost;
  innermost = section;
}

GILLOC_PUBLIC void gilloc_critical_section_leave(struct gilloc_critical_section *section)
{
  if (GILLOC_UNLIKELY(innermost != section))
    gilloc_panic("gilloc_critical_section_leave: %p is not the innermost open section of this thread",
                 (void *)section);
  innermost = section->outer;
  gilloc_gil_section_leave();
  if (GILLOC_STRATEGY == GILLOC_STRATEGY_FINE)
    gilloc_mutex_release(section->mutex);
  section->mutex = NULL;
}
