/* SPDX-License-Identifier: MIT
 *
 * gil_policy_fifo.h: the policy `fifo`: the GIL goes from hand to hand in the order of asking. A holder that
 * has had it for an interval is asked to drop. No barging, so nobody starves, and nobody is preferred: a
 * thread that needs little waits as long as one that takes all it can get (docs/gil.md).
 */
#ifndef GILLOC_GIL_POLICY_FIFO_H
#define GILLOC_GIL_POLICY_FIFO_H

#include "gil_state.h"

extern const struct gilloc_gil_policy gilloc_gil_policy_fifo;

#endif
