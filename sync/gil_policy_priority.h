/* SPDX-License-Identifier: MIT
 *
 * gil_policy_priority.h: the policy `priority`, after David Beazley's proposal of 2010: a forced drop marks a
 * thread as CPU-bound, a voluntary one clears the mark, and a waiter without the mark drives a holder that
 * has it off at the next checkpoint. Otherwise as `interval`. A thread can keep its mark clear by giving up
 * the GIL for nothing from time to time, and then starves the others (docs/gil.md).
 */
#ifndef GILLOC_GIL_POLICY_PRIORITY_H
#define GILLOC_GIL_POLICY_PRIORITY_H

#include "gil_state.h"

extern const struct gilloc_gil_policy gilloc_gil_policy_priority;

#endif
