/* SPDX-License-Identifier: MIT
 *
 * bench_report.h: a bench for people: geometric means, then time and memory row by row, as text or in
 * Markdown.
 */
#ifndef GILLOC_BENCH_REPORT_H
#define GILLOC_BENCH_REPORT_H

#include "bench_summary.h"

#include <stdio.h>

void gilloc_bench_report_print(const struct gilloc_bench_summary *summary, FILE *out);

#endif
