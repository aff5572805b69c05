/* SPDX-License-Identifier: MIT
 *
 * report.h: the lab for a person: what was measured where, a table and a verdict a workload, and what
 * went wrong. Colours only on a terminal and where NO_COLOR is not set (no-color.org).
 */
#ifndef GILLOC_LAB_REPORT_H
#define GILLOC_LAB_REPORT_H

#include "summary.h"

#include <stdio.h>

void gilloc_report_print(const struct gilloc_summary *summary, FILE *out);

#endif
