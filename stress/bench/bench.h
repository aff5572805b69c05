/* SPDX-License-Identifier: MIT
 *
 * bench.h: `gilloc bench`: a flavour beside other allocators, on the field's workloads and on real programs.
 *
 *   options -> suite (rows), peers (allocators) -> measure (runs) -> summary (ratios) -> report | json
 */
#ifndef GILLOC_BENCH_H
#define GILLOC_BENCH_H

/* argv[0] is the subcommand's name. Returns the command's exit status. */
int gilloc_bench_main(int argc, const char **argv);

#endif
