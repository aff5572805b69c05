/* SPDX-License-Identifier: MIT
 *
 * plan.h: what a worker is asked to do, from its command line. Written once by main, read by all.
 */
#ifndef GILLOC_LAB_PLAN_H
#define GILLOC_LAB_PLAN_H

#include <stdbool.h>
#include <stdint.h>

struct gilloc_plan {
  const char *workload;
  unsigned lanes;       /* --threads or --processes: how many of the workload's main role */
  bool forks;           /* --processes: each lane is a process of its own */
  double seconds;       /* measured window */
  double warmup;        /* before it */
  uint32_t rate;        /* requests a second in all; 0: the workload's default */
  uint64_t interval_us; /* 0: as the library has it */
  const char *policy;   /* NULL: as the library has it */
  uint64_t seed;
  const char *timeline; /* the file for the threads' timelines; NULL: none are recorded */
  char **inputs; /* ends in NULL; never empty */
};

/* Reads the options of docs/lab.md. False, with one line on stderr, for one that is unknown or out of range;
 * whether workload and policy exist is for others to say. */
bool gilloc_plan_parse(struct gilloc_plan *plan, int argc, char **argv);
void gilloc_plan_free(struct gilloc_plan *plan);

#endif
