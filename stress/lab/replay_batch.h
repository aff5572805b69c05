/* SPDX-License-Identifier: MIT
 *
 * replay_batch.h: the part of a trace that is replayed at one go. The main thread reads a batch while
 * nobody replays; then the threads replay it, each its own operations in their order. An operation on a
 * block whose last one belongs to another thread names it in `after` and waits until it is done; since
 * it comes earlier in the trace, there is always one that need not wait.
 */
#ifndef GILLOC_LAB_REPLAY_BATCH_H
#define GILLOC_LAB_REPLAY_BATCH_H

#include "trace_checker.h"
#include "trace_reader.h"

#include <stdatomic.h>

enum { GILLOC_REPLAY_BATCH = 131072 };

static const uint32_t GILLOC_REPLAY_NONE = UINT32_MAX;

/* States of an operation for which others wait. */
enum gilloc_replay_state { GILLOC_REPLAY_TO_DO, GILLOC_REPLAY_SLEPT_ON, GILLOC_REPLAY_DONE };

struct gilloc_replay_op {
  uint64_t id;
  uint64_t count;
  uint64_t size;
  uint32_t slot;
  uint32_t next;  /* the thread's next operation, NONE at its end */
  uint32_t after; /* NONE, or the operation of another thread to wait for */
  _Atomic uint32_t state;
  uint16_t thread;
  uint8_t kind;
  bool awaited; /* some other operation names this one */
};

struct gilloc_replay_batch {
  struct gilloc_trace_reader *reader;
  struct gilloc_trace_checker *checker;
  uint64_t number; /* of this batch, from 1 */
  uint64_t limit;  /* operations to read into a batch at most */
  uint32_t count;
  bool statistics;                      /* an `s` ended it, whose operation is not among them */
  uint32_t first[GILLOC_TRACE_THREADS]; /* of each thread, NONE where it has nothing to do */
  uint32_t last[GILLOC_TRACE_THREADS];
  struct gilloc_replay_op ops[GILLOC_REPLAY_BATCH];
};

/* Reads the next batch. OP: there is something in it, be it only statistics. END, or BAD with the
 * reason in `*error`. */
enum gilloc_trace_result gilloc_replay_batch_read(struct gilloc_replay_batch *batch,
                                                  struct gilloc_trace_error *error);

/* Makes the slots of the blocks that the batch freed usable again; after it was replayed. */
void gilloc_replay_batch_put_slots(struct gilloc_replay_batch *batch);

#endif
