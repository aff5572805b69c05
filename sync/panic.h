/* SPDX-License-Identifier: MIT
 *
 * panic.h: how the process ends on misuse, on corruption and on our own broken invariants. Writes one
 * line "gilloc: ..." to stderr with write(2) and aborts; allocates nothing, takes no lock. And the same line
 * without the end, for what a user has to know.
 */
#ifndef GILLOC_PANIC_H
#define GILLOC_PANIC_H

#include "base.h"

/* Ends the process with "gilloc: " and the message. Format knows %s, %p, %zu, %u, %d, %lu, %% only. */
_Noreturn void gilloc_panic(const char *format, ...) __attribute__((format(printf, 1, 2), cold));

/* Writes "gilloc: " and the message as one line to stderr and goes on; preserves errno. Same format. */
void gilloc_warn(const char *format, ...) __attribute__((format(printf, 1, 2), cold));

/* An OS call that can fail only by a bug: panics with its name and errno. */
_Noreturn void gilloc_panic_os(const char *call, int error) __attribute__((cold));

/* Our own invariant, O(1); checked in debug builds, always compiled. */
#define gilloc_assert(expression)                                                                            \
  do {                                                                                                       \
    if (GILLOC_DEBUG && GILLOC_UNLIKELY(!(expression)))                                                      \
      gilloc_panic("broken invariant: %s (%s)", #expression, __func__);                                      \
  } while (0)

/* As gilloc_assert, for checks that walk structures. */
#define gilloc_assert_deep(expression)                                                                       \
  do {                                                                                                       \
    if (GILLOC_DEEP_CHECKS && GILLOC_UNLIKELY(!(expression)))                                                \
      gilloc_panic("broken invariant: %s (%s)", #expression, __func__);                                      \
  } while (0)

#endif
