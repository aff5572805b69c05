/* SPDX-License-Identifier: MIT
 *
 * result.h: what one run of a worker gave: its report, checked for sense, or why there is none.
 * docs/lab.md describes the worker's report.
 */
#ifndef GILLOC_LAB_RESULT_H
#define GILLOC_LAB_RESULT_H

#include "runner.h"
#include "schedule.h"

#include <jansson.h>

enum gilloc_outcome {
  GILLOC_OUTCOME_MISSING, /* never run: the lab was stopped before, or the row hung earlier */
  GILLOC_OUTCOME_OK,
  GILLOC_OUTCOME_UNVERIFIED, /* the worker says so, or its checksum is not the other rows' */
  GILLOC_OUTCOME_CRASHED,
  GILLOC_OUTCOME_HUNG,
  GILLOC_OUTCOME_BLOATED,
  GILLOC_OUTCOME_REFUSED, /* ended with status 2: it did not like the request */
  GILLOC_OUTCOME_FAILED,  /* any other status, or no sensible report */
  GILLOC_OUTCOMES
};

enum { GILLOC_CHECKSUM_MAX = 32 };

struct gilloc_delay {
  double count, p50, p99, max, lost; /* times in ns */
};

struct gilloc_result {
  enum gilloc_outcome outcome;
  char *detail;        /* why not OK, one line; NULL if OK or missing */
  json_t *report;      /* the worker's own, NULL where it gave none */
  size_t order;        /* 0 for the first run of the lab, and so on */
  double wall_s;       /* of the whole process */
  double stolen_s;     /* processor time that the hypervisor took from this machine meanwhile */
  double others_s;     /* and that other programs and the kernel used */
  double throughput;   /* units a second */
  double waited_share; /* of all threads' time that went into waiting for the GIL; NaN without one */
  double switches;     /* GIL changes of holder a second */
  double evenness;     /* units of the slowest thread per units of the fastest; NaN with one thread */
  double peak_bytes;
  struct gilloc_delay latency; /* count 0 where the workload has none */
  char checksum[GILLOC_CHECKSUM_MAX];
};

/* "ok", "crashed", ... */
const char *gilloc_result_outcome_name(enum gilloc_outcome outcome);

/* The workload's unit: "words", "requests", "operations". */
const char *gilloc_result_unit(enum gilloc_workload_id workload);

/* Reads what a worker that ran `cell` left. */
struct gilloc_result gilloc_result_read(const struct gilloc_runner_end *end, const struct gilloc_cell *cell);

/* Turns a result into another outcome, with its reason (which the result takes over). */
void gilloc_result_spoil(struct gilloc_result *result, enum gilloc_outcome outcome, char *detail);

void gilloc_result_fini(struct gilloc_result *result);

#endif
