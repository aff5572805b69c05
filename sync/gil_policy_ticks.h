/* SPDX-License-Identifier: MIT
 *
 * gil_policy_ticks.h: the policy `ticks`, that of CPython 2: at each hundredth checkpoint the holder drops
 * the GIL and takes it again at once, asked or not, and nothing is promised to those who wait. Barging. Quick
 * to answer beside a holder with many checkpoints, at the price of as many wake-ups in vain (docs/gil.md).
 */
#ifndef GILLOC_GIL_POLICY_TICKS_H
#define GILLOC_GIL_POLICY_TICKS_H

#include "gil_state.h"

extern const struct gilloc_gil_policy gilloc_gil_policy_ticks;

#endif
