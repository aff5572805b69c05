/* SPDX-License-Identifier: MIT
 *
 * gil_policy_fair.h: the policy `fair`, our own: threads are charged with the time for which they hold the
 * GIL. Who has used less than the others drives the holder off at its next checkpoint; those that use all
 * they can get take turns of an interval; nobody waits for longer than (waiters + 1) intervals. docs/gil.md
 * argues why.
 */
#ifndef GILLOC_GIL_POLICY_FAIR_H
#define GILLOC_GIL_POLICY_FAIR_H

#include "gil_state.h"

extern const struct gilloc_gil_policy gilloc_gil_policy_fair;

#endif
