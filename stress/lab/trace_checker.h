/* SPDX-License-Identifier: MIT
 *
 * trace_checker.h: what each operation of a trace must be after those before it: m and c name an id that
 * is not live, r and f one that is, and no block is larger than GILLOC_TRACE_SIZE_MAX. Memory in
 * proportion to the blocks that live at once. Each live block has a slot, a small number that no other
 * live block has.
 */
#ifndef GILLOC_LAB_TRACE_CHECKER_H
#define GILLOC_LAB_TRACE_CHECKER_H

#include "trace.h"
#include "trace_table.h"

struct gilloc_trace_block {
  uint64_t size;
  uint64_t mark; /* for the caller; 0 at first */
};

struct gilloc_trace_checker {
  struct gilloc_trace_table live;    /* id -> slot */
  struct gilloc_trace_block *blocks; /* by slot */
  uint32_t *free_slots;              /* a stack */
  size_t free_count;
  size_t slots; /* ever used */
  size_t capacity;
  /* Counts so far. */
  uint64_t operations[GILLOC_TRACE_KINDS];
  uint64_t bytes;
  uint64_t bytes_peak;
  uint64_t blocks_at_peak;
  uint64_t done;    /* operations other than STATISTICS */
  uint64_t peak_at; /* `done` before the operation that reached the peak */
  uint32_t threads; /* the highest thread number + 1 */
  struct gilloc_trace_error error;
};

/* All zero is a checker that has seen nothing. */
void gilloc_trace_checker_fini(struct gilloc_trace_checker *checker);

/* Back to having seen nothing; memory stays. */
void gilloc_trace_checker_clear(struct gilloc_trace_checker *checker);

/* Judges an operation. True: `*slot` is its block's (0 in STATISTICS); a freed block's slot is not given
 * out again before gilloc_trace_checker_put_slot. False: `error` says why. */
bool gilloc_trace_check(struct gilloc_trace_checker *checker, const struct gilloc_trace_op *op,
                        uint32_t *slot);

/* Makes the slot of a freed block usable again. */
void gilloc_trace_checker_put_slot(struct gilloc_trace_checker *checker, uint32_t slot);

#endif
