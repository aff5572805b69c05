/* SPDX-License-Identifier: MIT
 *
 * handover.h: a bounded queue through which threads give blocks to one another: many givers, one taker
 * that empties it in one go. It waits for nothing: a giver that finds it full keeps its block.
 */
#ifndef GILLOC_LAB_HANDOVER_H
#define GILLOC_LAB_HANDOVER_H

#include <gilloc/sync.h>

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { GILLOC_HANDOVER_MAX = 16 };

struct gilloc_handover {
  alignas(128) struct gilloc_mutex mutex; /* guards the blocks */
  _Atomic uint32_t count;                 /* written under the mutex; a glance at it needs none */
  void *blocks[GILLOC_HANDOVER_MAX];
};

/* False if the queue is full. */
bool gilloc_handover_give(struct gilloc_handover *queue, void *block);
/* Moves all blocks to `blocks` (room for GILLOC_HANDOVER_MAX); how many there were. */
uint32_t gilloc_handover_take_all(struct gilloc_handover *queue, void **blocks);

#endif
