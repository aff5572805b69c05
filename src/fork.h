/* SPDX-License-Identifier: MIT
 *
 * fork.h: fork(2) from a process with many threads: every lock of the library is held across it, so the
 * child gets a heap at rest, and the locks are new in the child.
 */
#ifndef GILLOC_FORK_H
#define GILLOC_FORK_H

#include "base.h"

/* Registers the handlers, and those of the GIL after them. Called once, by the library's constructor. */
void gilloc_fork_register(void);

#endif
