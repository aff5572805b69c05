/* SPDX-License-Identifier: MIT
 *
 * replay_run.h: carries the operations of a batch out on the library, in one thread in the order of the
 * trace, or in a thread for each of the trace's threads. Every block is stamped and verified.
 */
#ifndef GILLOC_LAB_REPLAY_RUN_H
#define GILLOC_LAB_REPLAY_RUN_H

#include "replay_batch.h"

#include <pthread.h>
#include <stdio.h>

/* A block under replay; passed from operation to operation with the order that the batch keeps. */
struct gilloc_replay_block {
  void *start; /* NULL: it could not be had */
  uint64_t size;
  uint64_t key; /* of its stamp */
};

struct gilloc_replay_run {
  struct gilloc_replay_batch *batch;
  struct gilloc_replay_block *blocks; /* by slot */
  FILE *addresses;                    /* NULL: not wanted */
  bool is_sequential;
  unsigned threads; /* of the trace */
  pthread_t *handles;
  pthread_barrier_t begin;
  pthread_barrier_t end;
  bool over;             /* written before `begin`, read after it */
  atomic_ullong refused; /* allocations that the library could not serve */
  atomic_uint damaged;   /* nonzero: the first damage was reported */
};

/* Starts the threads; false with errno. `blocks` has room for every slot. */
bool gilloc_replay_run_start(struct gilloc_replay_run *run);

/* Carries out the batch; its time in ns, reading left out. */
uint64_t gilloc_replay_run_batch(struct gilloc_replay_run *run);

/* Ends the threads. */
void gilloc_replay_run_stop(struct gilloc_replay_run *run);

#endif
