/* SPDX-License-Identifier: MIT
 *
 * bench_options.h: what `gilloc bench` was asked for, checked.
 */
#ifndef GILLOC_BENCH_OPTIONS_H
#define GILLOC_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GILLOC_BENCH_ROUNDS_MAX = 1000 };

struct gilloc_bench_words {
  char **items;
  size_t count;
};

struct gilloc_bench_options {
  struct gilloc_bench_words only, peers, flavours;
  unsigned rounds;
  double limit_s;   /* no round begins that would end later; 0: none */
  unsigned percent; /* of each workload's full work */
  uint64_t seed;
  char *json_path; /* NULL: none */
  bool quick;
  bool list;     /* the rows, and nothing else */
  bool install;  /* the real programs too */
  bool markdown; /* the tables in Markdown */
};

/* Ends the command with one line where the request makes no sense. */
struct gilloc_bench_options gilloc_bench_options_parse(int argc, const char **argv);
void gilloc_bench_options_fini(struct gilloc_bench_options *options);

#endif
