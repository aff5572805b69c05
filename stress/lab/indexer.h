/* SPDX-License-Identifier: MIT
 *
 * indexer.h: the work of a cpu thread, for the workloads cpu and mixed: again and again, index a slice of
 * the corpus, rank it, verify it, add its counts to the index that all threads share, tear it down.
 * Threads share nothing but that last index, under a critical section once a pass.
 *
 *   shared index == sum over slices of finished passes x the slice's reference
 */
#ifndef GILLOC_LAB_INDEXER_H
#define GILLOC_LAB_INDEXER_H

#include "workload.h"

struct gilloc_indexer;

/* Something else that the thread does every few words; NULL if nothing. */
struct gilloc_side_job {
  void (*step)(void *of);
  void *of;
};

/* By the main thread; computes the reference. NULL, with one line on stderr, if impossible. */
struct gilloc_indexer *gilloc_indexer_open(const struct gilloc_setup *setup);
void gilloc_indexer_run(struct gilloc_indexer *indexer, struct gilloc_lane *lane,
                        const struct gilloc_side_job *side_job);
/* Of one pass over every slice, from the reference. */
uint64_t gilloc_indexer_checksum(const struct gilloc_indexer *indexer);
void gilloc_indexer_close(struct gilloc_indexer *indexer);

#endif
