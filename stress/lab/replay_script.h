/* SPDX-License-Identifier: MIT
 *
 * replay_script.h: a whole trace in memory, dealt out to a number of lanes, to be played again and again. The
 * threads that the trace has, in the order in which they first appear, go to the lanes by turns, and each
 * lane's steps keep the order of the trace. A step on a block that another lane had last names that lane and
 * its step, and waits for it. A slot is used by the lane that has taken it until a lane frees its block,
 * which may then use it again: so no lane can meet a slot that another has not done with. Blocks that live at
 * the end are freed there, by the lanes that had them last; then the next pass may begin.
 */
#ifndef GILLOC_LAB_REPLAY_SCRIPT_H
#define GILLOC_LAB_REPLAY_SCRIPT_H

#include "trace.h"

enum { GILLOC_REPLAY_SCRIPT_MAX = 1 << 24 }; /* operations of a trace */

static const uint16_t GILLOC_REPLAY_NO_LANE = UINT16_MAX;

struct gilloc_replay_step {
  uint64_t bytes;
  uint32_t slot;
  uint32_t after_step; /* of after_lane, which this one waits for */
  uint16_t after_lane; /* or NO_LANE */
  uint8_t kind;        /* enum gilloc_trace_kind */
  bool awaited;
};

struct gilloc_replay_part {
  struct gilloc_replay_step *steps;
  uint32_t count;
  uint32_t capacity;
};

struct gilloc_replay_script {
  unsigned lanes;
  struct gilloc_replay_part *parts; /* one a lane */
  uint32_t slots;
  unsigned threads;    /* that do something in the trace */
  uint64_t operations; /* of the trace, the frees at the end left out */
  uint64_t digest;     /* of what the trace asks for; does not depend on the lanes */
};

/* Reads and judges the trace in the file. With `lanes` 0 only counts: threads, operations, digest. False with
 * the reason in `error`; then there is nothing to release. */
bool gilloc_replay_script_load(struct gilloc_replay_script *script, const char *path, unsigned lanes,
                               struct gilloc_trace_error *error);
void gilloc_replay_script_fini(struct gilloc_replay_script *script);

/* True where the file begins as a trace of either form does, whole or not. */
bool gilloc_replay_script_is_trace(const char *path);

#endif
