/* SPDX-License-Identifier: MIT
 *
 * pair.h: two bodies timed in turns in one process, so that a slow moment of the machine hits both: rounds of
 * a millisecond or so each, the order turned round every time, the thread's own time, the median of the
 * rounds' ratios. For the programs pair_*.c.
 */
#ifndef GILLOC_STRESS_PAIR_H
#define GILLOC_STRESS_PAIR_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PAIR_ROUNDS_MAX = 1001 };

struct pair_side {
  const char *name;
  void (*body)(const void *context, unsigned long count);
  const void *context;
};

struct pair_size {
  unsigned rounds;
  unsigned long count; /* in a round */
};

/* Of this thread's own time, so that other processes do not count. */
static inline double pair_now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static inline int pair_compare_doubles(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static inline double pair_median(double *values, unsigned count)
{
  qsort(values, count, sizeof values[0], pair_compare_doubles);
  return values[count / 2];
}

/* [ROUNDS [COUNT]] of the command line; exits with 2 and one line where that cannot be. */
static inline struct pair_size pair_size_of(int argc, char **argv, struct pair_size usual)
{
  struct pair_size size = usual;
  if (argc > 1)
    size.rounds = (unsigned)strtoul(argv[1], NULL, 10);
  if (argc > 2)
    size.count = strtoul(argv[2], NULL, 10);
  if (size.rounds < 1 || size.rounds > PAIR_ROUNDS_MAX || size.count < 1) {
    fprintf(stderr, "%s: rounds from 1 to %d, pairs in a round from 1\n", argv[0], PAIR_ROUNDS_MAX);
    exit(2);
  }
  return size;
}

/* Times the real one, sides[0], and ours, sides[1]; returns the median of the rounds' ratios ours / real. */
static inline double pair_compare(const char *situation, const struct pair_side sides[2],
                                  struct pair_size size)
{
  static double times[2][PAIR_ROUNDS_MAX], ratios[PAIR_ROUNDS_MAX];
  for (unsigned round = 0; round < size.rounds; round++) {
    for (unsigned turn = 0; turn < 2; turn++) {
      unsigned which = (turn + round) % 2;
      double start = pair_now_ns();
      sides[which].body(sides[which].context, size.count);
      times[which][round] = (pair_now_ns() - start) / (double)size.count;
    }
    ratios[round] = times[1][round] / times[0][round];
  }
  double ratio = pair_median(ratios, size.rounds);
  printf("%-26s %s %6.2f ns   %s %6.2f ns   ratio %.3f (%.3f to %.3f in nine of ten rounds)\n", situation,
         sides[0].name, pair_median(times[0], size.rounds), sides[1].name, pair_median(times[1], size.rounds),
         ratio, ratios[size.rounds / 20], ratios[size.rounds - 1 - size.rounds / 20]);
  return ratio;
}

#endif
