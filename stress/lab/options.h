/* SPDX-License-Identifier: MIT
 *
 * options.h: what `gilloc lab` was asked to do, checked: every field is in range, every row has a
 * worker, every input can be read, and the result file can be written. Whatever is not ends the command
 * with one line and status 2 before anything is measured.
 */
#ifndef GILLOC_LAB_OPTIONS_H
#define GILLOC_LAB_OPTIONS_H

#include "timeline_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gilloc_workload_id {
  GILLOC_WORKLOAD_CPU,
  GILLOC_WORKLOAD_IO,
  GILLOC_WORKLOAD_MIXED,
  GILLOC_WORKLOAD_ALLOC,
  GILLOC_WORKLOAD_REPLAY,
  GILLOC_WORKLOADS
};

enum {
  GILLOC_THREAD_COUNTS_MAX = 16, /* entries of --threads; protocol.h limits their size */
  GILLOC_ROUNDS_MAX = 1000
};

struct gilloc_options {
  bool workloads[GILLOC_WORKLOADS];
  char **rows; /* in the order asked for, each once */
  size_t row_count;
  unsigned threads[GILLOC_THREAD_COUNTS_MAX]; /* ascending, each once */
  size_t thread_count;                        /* 0: not chosen; the schedule decides */
  double seconds;                             /* measured window of a run; 0: not chosen */
  unsigned rounds;                            /* 0: not chosen */
  char **inputs;                              /* of text */
  size_t input_count;
  char *trace;            /* what replay plays, or NULL */
  unsigned trace_threads; /* that it has */
  unsigned rate;          /* requests a second; 0: the workload's own default */
  unsigned interval_us;
  const char *policy; /* of the GIL */
  uint64_t seed;
  bool quick;
  char *json_path;     /* NULL: no file */
  char *timeline_path; /* NULL: nothing is recorded */
  gilloc_timeline_writer *timeline_writer;
};

/* The name of a workload, as on the command line. */
const char *gilloc_options_workload_name(enum gilloc_workload_id workload);

/* Parses and checks `gilloc lab`'s arguments (argv[0] is the subcommand's name). */
struct gilloc_options gilloc_options_parse(int argc, const char **argv);
void gilloc_options_fini(struct gilloc_options *options);

#endif
