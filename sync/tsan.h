/* SPDX-License-Identifier: MIT
 *
 * tsan.h: the two words with which synchronisation that ThreadSanitizer cannot see (Concurrency Kit's
 * assembly, liburcu's own code) is shown to it: what happened before `releasing(x)` happened before what
 * follows a later `acquired(x)`. Nothing at all in other builds. Used by lock_{fas,ticket,mcs}.h and
 * rcu.c, by nobody else.
 */
#ifndef GILLOC_TSAN_H
#define GILLOC_TSAN_H

#include "base.h"

/* The sanitizer's own names; defined by its run-time library only. */
void __tsan_acquire(void *address);
void __tsan_release(void *address);

static GILLOC_ALWAYS_INLINE void gilloc_tsan_acquired(void *address)
{
  if (GILLOC_TSAN)
    __tsan_acquire(address);
}

static GILLOC_ALWAYS_INLINE void gilloc_tsan_releasing(void *address)
{
  if (GILLOC_TSAN)
    __tsan_release(address);
}

#endif
