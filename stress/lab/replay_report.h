/* SPDX-License-Identifier: MIT
 *
 * replay_report.h: what a replay found out, collected on the way and printed at its end.
 */
#ifndef GILLOC_LAB_REPLAY_REPORT_H
#define GILLOC_LAB_REPLAY_REPORT_H

#include "trace_checker.h"

#include <stdio.h>

enum { GILLOC_REPLAY_SAMPLES = 10 };

/* The heap at one point of the trace. */
struct gilloc_replay_sample {
  uint64_t operations;
  uint64_t live_bytes; /* that the program asked for */
  size_t arenas;
  size_t pools; /* in use */
  size_t mapped_bytes;
  double unused; /* share of the arenas' bytes that is in no block in use */
};

struct gilloc_replay_report {
  uint64_t total; /* operations of the whole trace */
  uint64_t nanoseconds;
  uint64_t refused;
  bool is_sequential;
  size_t rss_before; /* bytes resident when the replay began */
  size_t rss_peak;
  uint64_t peak_at;      /* operations up to the peak of live bytes */
  size_t mapped_at_peak; /* arenas and large blocks then */
  unsigned due;          /* samples that were due; several may be due at once in a short trace */
  unsigned samples;
  struct gilloc_replay_sample sample[GILLOC_REPLAY_SAMPLES];
};

/* Notes what is resident and begins to watch for the peak. */
void gilloc_replay_report_begin(struct gilloc_replay_report *report);

/* The number of operations up to the next sample, or to the peak. */
uint64_t gilloc_replay_report_until_sample(const struct gilloc_replay_report *report, uint64_t operations);

/* Takes a sample if it is time for one. */
void gilloc_replay_report_sample(struct gilloc_replay_report *report,
                                 const struct gilloc_trace_checker *checker, uint64_t operations);

void gilloc_replay_report_print(struct gilloc_replay_report *report,
                                const struct gilloc_trace_checker *checker, FILE *out);

#endif
