/* SPDX-License-Identifier: MIT
 *
 * replay_batch.c: see replay_batch.h. A block's mark says which operation was the last on it: the number of
 * the batch above, the operation's index below.
 */
#include "replay_batch.h"

enum { INDEX_BITS = 20 };

_Static_assert(GILLOC_REPLAY_BATCH <= 1 << INDEX_BITS, "an index fits into a mark");

static void clear(struct gilloc_replay_batch *batch)
{
  batch->number++;
  batch->count = 0;
  batch->statistics = false;
  for (unsigned i = 0; i < GILLOC_TRACE_THREADS; i++)
    batch->first[i] = batch->last[i] = GILLOC_REPLAY_NONE;
}

/* Makes the operation wait for the last one on its block, if that is of this batch and another thread's. */
static void set_order(struct gilloc_replay_batch *batch, uint32_t index)
{
  struct gilloc_replay_op *op = &batch->ops[index];
  uint64_t *mark = &batch->checker->blocks[op->slot].mark;
  if (*mark >> INDEX_BITS == batch->number) {
    uint32_t before = (uint32_t)(*mark & ((1U << INDEX_BITS) - 1));
    if (batch->ops[before].thread != op->thread) {
      op->after = before;
      batch->ops[before].awaited = true;
    }
  }
  *mark = batch->number << INDEX_BITS | index;
}

static void append(struct gilloc_replay_batch *batch, const struct gilloc_trace_op *op, uint32_t slot)
{
  uint32_t index = batch->count++;
  batch->ops[index] = (struct gilloc_replay_op){.id = op->id,
                                                .count = op->count,
                                                .size = op->size,
                                                .slot = slot,
                                                .next = GILLOC_REPLAY_NONE,
                                                .after = GILLOC_REPLAY_NONE,
                                                .thread = (uint16_t)op->thread,
                                                .kind = (uint8_t)op->kind};
  uint32_t last = batch->last[op->thread];
  if (last == GILLOC_REPLAY_NONE)
    batch->first[op->thread] = index;
  else
    batch->ops[last].next = index;
  batch->last[op->thread] = index;
  set_order(batch, index);
}

enum gilloc_trace_result gilloc_replay_batch_read(struct gilloc_replay_batch *batch,
                                                  struct gilloc_trace_error *error)
{
  clear(batch);
  while (batch->count < GILLOC_REPLAY_BATCH && batch->count < batch->limit && !batch->statistics) {
    struct gilloc_trace_op op;
    enum gilloc_trace_result result = gilloc_trace_read(batch->reader, &op);
    uint32_t slot;
    if (result == GILLOC_TRACE_BAD) {
      *error = batch->reader->error;
      return result;
    }
    if (result == GILLOC_TRACE_END)
      return batch->count > 0 ? GILLOC_TRACE_OP : result;
    if (!gilloc_trace_check(batch->checker, &op, &slot)) {
      *error = batch->checker->error;
      return GILLOC_TRACE_BAD;
    }
    if (op.kind == GILLOC_TRACE_STATISTICS)
      batch->statistics = true;
    else
      append(batch, &op, slot);
  }
  return GILLOC_TRACE_OP;
}

void gilloc_replay_batch_put_slots(struct gilloc_replay_batch *batch)
{
  for (uint32_t i = 0; i < batch->count; i++) {
    if (batch->ops[i].kind == GILLOC_TRACE_FREE)
      gilloc_trace_checker_put_slot(batch->checker, batch->ops[i].slot);
  }
}
