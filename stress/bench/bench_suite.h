/* SPDX-License-Identifier: MIT
 *
 * bench_suite.h: the rows that there are. A row is a workload of gilloc-bench-program with a number of
 * threads, or a real program that gilloc-bench-programs knows how to run.
 */
#ifndef GILLOC_BENCH_SUITE_H
#define GILLOC_BENCH_SUITE_H

#include <stdbool.h>
#include <stddef.h>

enum gilloc_bench_group {
  GILLOC_BENCH_SINGLE,   /* one thread */
  GILLOC_BENCH_PARALLEL, /* threads that share nothing but the allocator */
  GILLOC_BENCH_CROSSING, /* blocks die in another thread than they were born in */
  GILLOC_BENCH_LARGE,    /* blocks of megabytes */
  GILLOC_BENCH_PROGRAMS, /* real programs */
  GILLOC_BENCH_GROUPS
};

struct gilloc_bench_row {
  char *name;
  const char *workload; /* or the program */
  enum gilloc_bench_group group;
  unsigned threads; /* 0: a program */
  char *skipped;    /* why it is not run, or NULL */
};

struct gilloc_bench_suite {
  struct gilloc_bench_row *rows;
  size_t count;
};

const char *gilloc_bench_group_name(enum gilloc_bench_group group);

/* All rows, in the order of the table. */
struct gilloc_bench_suite gilloc_bench_suite_make(void);
/* Keeps the rows that one of the names means: a row, a workload or a group. Refuses an unknown name. */
void gilloc_bench_suite_choose(struct gilloc_bench_suite *suite, char *const *names, size_t count);
/* "larson-2, larson-4, ...": a new string. */
char *gilloc_bench_suite_names(const struct gilloc_bench_suite *suite);
void gilloc_bench_suite_fini(struct gilloc_bench_suite *suite);

#endif
