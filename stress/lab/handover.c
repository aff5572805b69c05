/* SPDX-License-Identifier: MIT
 *
 * handover.c: see handover.h.
 */
#include "handover.h"

#include <string.h>

bool gilloc_handover_give(struct gilloc_handover *queue, void *block)
{
  gilloc_mutex_lock(&queue->mutex);
  uint32_t count = atomic_load_explicit(&queue->count, memory_order_relaxed);
  bool room = count < GILLOC_HANDOVER_MAX;
  if (room) {
    queue->blocks[count] = block;
    atomic_store_explicit(&queue->count, count + 1, memory_order_relaxed);
  }
  gilloc_mutex_unlock(&queue->mutex);
  return room;
}

uint32_t gilloc_handover_take_all(struct gilloc_handover *queue, void **blocks)
{
  /* A stale zero only puts the blocks off to the next look. */
  if (atomic_load_explicit(&queue->count, memory_order_relaxed) == 0)
    return 0;
  gilloc_mutex_lock(&queue->mutex);
  uint32_t count = atomic_load_explicit(&queue->count, memory_order_relaxed);
  memcpy(blocks, queue->blocks, count * sizeof *blocks);
  atomic_store_explicit(&queue->count, 0, memory_order_relaxed);
  gilloc_mutex_unlock(&queue->mutex);
  return count;
}
