/* SPDX-License-Identifier: MIT
 *
 * bench_json.h: a bench for programs: schema "gilloc-bench" version 1, described in docs/performance.md. It
 * holds every run beside what was computed from them. A field may be added within a version; a change of
 * meaning or a removal makes a new version.
 */
#ifndef GILLOC_BENCH_JSON_H
#define GILLOC_BENCH_JSON_H

#include "bench_summary.h"

/* The document as text with a final newline, a new string. */
char *gilloc_bench_json_make(const struct gilloc_bench_summary *summary);

#endif
