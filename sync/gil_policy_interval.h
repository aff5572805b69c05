/* SPDX-License-Identifier: MIT
 *
 * gil_policy_interval.h: the policy `interval`, CPython's since 3.2: a waiter that saw no switch for an
 * interval asks the holder to drop, and a drop on request waits until another thread has taken over.
 * Barging; the woken waiter is the one that has slept longest. Prone to the convoy effect (docs/gil.md).
 */
#ifndef GILLOC_GIL_POLICY_INTERVAL_H
#define GILLOC_GIL_POLICY_INTERVAL_H

#include "gil_state.h"

extern const struct gilloc_gil_policy gilloc_gil_policy_interval;

#endif
