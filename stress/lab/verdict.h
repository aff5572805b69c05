/* SPDX-License-Identifier: MIT
 *
 * verdict.h: one sentence a workload: what the lab is about there, and no more than the spread carries.
 * A difference is claimed only where the 95 % interval of the ratio excludes 1; where it contains 1 the
 * sentence says "no difference shown"; with fewer than GILLOC_SAMPLE_CLAIM_PAIRS pairs it says that the
 * figures are sizes and not claims.
 */
#ifndef GILLOC_LAB_VERDICT_H
#define GILLOC_LAB_VERDICT_H

#include "summary.h"

/* A new string, without a newline. */
char *gilloc_verdict_make(const struct gilloc_summary *summary, enum gilloc_workload_id workload);

#endif
