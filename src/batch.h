/* SPDX-License-Identifier: MIT
 *
 * batch.h: blocks of one class on their way between a magazine and their pools, in two steps each way: what
 * writes to many blocks needs no guard, what changes a pool is done for many blocks at a time.
 *
 *   out: take_listed, take_untouched (under the centre's guard)  ->  fill: keys and slots of the untouched
 *   in:  link: keys and links of what lies in one pool       ->  put (under the centre's guard)
 *
 * Untouched blocks are a range, of one pool a batch: to write their keys may be their pages' first use.
 */
#ifndef GILLOC_BATCH_H
#define GILLOC_BATCH_H

#include "pool.h"

struct gilloc_batch {
  struct gilloc_block **end; /* slots are filled from here down */
  unsigned want;
  unsigned taken;
  unsigned before; /* blocks of lists that were taken before the untouched ones */
  unsigned untouched;
  char *start; /* of the untouched ones */
};

/* Takes what the batch still wants of the pool's list, as far as that goes. */
void gilloc_batch_take_listed(struct gilloc_batch *batch, struct gilloc_pool *pool);

/* Sets aside what the batch still wants of the pool's untouched blocks, where it has none yet. */
void gilloc_batch_take_untouched(struct gilloc_batch *batch, struct gilloc_pool *pool);

/* Fills the slots of the untouched blocks. They are to be used first where few others came before them: those
 * have been in use before, perhaps by another thread. */
void gilloc_batch_fill(const struct gilloc_batch *batch, size_t block_bytes);

/* Blocks of one pool that lie side by side in a magazine: they are linked, each to the one before it. Fits a
 * register: one is made for each block where they come in no order. */
struct gilloc_batch_run {
  uint32_t count;
  uint32_t highest; /* which of them has the highest address */
};

/* Makes a run of the first of `count` blocks and those after it that are of its pool, which now carry their
 * pool's key. Panics where one has lost a magazine's, or can be no block of the class. */
struct gilloc_batch_run gilloc_batch_link(struct gilloc_block **blocks, unsigned count, unsigned size_class);

/* Puts the run that begins at `blocks` into its pool; panics where it cannot be of it. */
void gilloc_batch_put(struct gilloc_block **blocks, struct gilloc_batch_run run, struct gilloc_pool *pool);

/* Panics: the block is not one that its pool has handed out. */
_Noreturn void gilloc_batch_refuse(const struct gilloc_block *block);

#endif
