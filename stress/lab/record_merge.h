/* SPDX-License-Identifier: MIT
 *
 * record_merge.h: from the events of record_log.h to a trace: brings the threads' chunks into the order of
 * their events' numbers, gives each block an id, counted from 0, and each thread the lowest number that no
 * thread still to be heard of has.
 */
#ifndef GILLOC_LAB_RECORD_MERGE_H
#define GILLOC_LAB_RECORD_MERGE_H

#include "record_log.h"
#include "trace_writer.h"

struct gilloc_record_summary {
  uint64_t operations;
  uint64_t lost;    /* errno because of which events are missing; 0: none are */
  unsigned threads; /* the most at once */
  bool started;     /* the recorder was there at all */
};

/* Reads the events in `file` and writes their operations. NULL, or what went wrong. */
const char *gilloc_record_merge(int file, struct gilloc_trace_writer *writer,
                                struct gilloc_record_summary *summary);

#endif
