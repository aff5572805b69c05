/* SPDX-License-Identifier: MIT
 *
 * trace_checker.c: see trace_checker.h.
 */
#include "trace_checker.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void gilloc_trace_checker_fini(struct gilloc_trace_checker *checker)
{
  gilloc_trace_table_fini(&checker->live);
  free(checker->blocks);
  free(checker->free_slots);
  memset(checker, 0, sizeof *checker);
}

void gilloc_trace_checker_clear(struct gilloc_trace_checker *checker)
{
  struct gilloc_trace_checker empty = {.live = checker->live,
                                       .blocks = checker->blocks,
                                       .free_slots = checker->free_slots,
                                       .capacity = checker->capacity};
  gilloc_trace_table_clear(&empty.live);
  *checker = empty;
}

static bool grow(struct gilloc_trace_checker *checker)
{
  size_t capacity = checker->capacity ? checker->capacity * 2 : 64;
  if (capacity > UINT32_MAX)
    return false;
  struct gilloc_trace_block *blocks = realloc(checker->blocks, capacity * sizeof *blocks);
  if (!blocks)
    return false;
  checker->blocks = blocks;
  uint32_t *free_slots = realloc(checker->free_slots, capacity * sizeof *free_slots);
  if (!free_slots)
    return false;
  checker->free_slots = free_slots;
  checker->capacity = capacity;
  return true;
}

static bool take_slot(struct gilloc_trace_checker *checker, uint32_t *slot)
{
  if (checker->free_count > 0) {
    *slot = checker->free_slots[--checker->free_count];
    return true;
  }
  if (checker->slots == checker->capacity && !grow(checker))
    return false;
  *slot = (uint32_t)checker->slots++;
  return true;
}

void gilloc_trace_checker_put_slot(struct gilloc_trace_checker *checker, uint32_t slot)
{
  checker->free_slots[checker->free_count++] = slot;
}

static bool refuse(struct gilloc_trace_checker *checker, const struct gilloc_trace_op *op,
                   const char *expected)
{
  return gilloc_trace_error_set(&checker->error, op->place, "found %c of block %" PRIu64 ", %s",
                                gilloc_trace_letter(op->kind), op->id, expected);
}

static bool check_size(struct gilloc_trace_checker *checker, const struct gilloc_trace_op *op)
{
  uint64_t bytes;
  if (!__builtin_mul_overflow(op->count, op->size, &bytes) && bytes <= GILLOC_TRACE_SIZE_MAX)
    return true;
  if (op->kind == GILLOC_TRACE_CALLOC)
    return gilloc_trace_error_set(&checker->error, op->place,
                                  "found a block of %" PRIu64 " times %" PRIu64
                                  " bytes, expected at most %" PRIu64,
                                  op->count, op->size, GILLOC_TRACE_SIZE_MAX);
  return gilloc_trace_error_set(&checker->error, op->place,
                                "found a size of %" PRIu64 " bytes, expected at most %" PRIu64, op->size,
                                GILLOC_TRACE_SIZE_MAX);
}

/* Bytes live may pass 2^64 only in a trace of blocks that no machine has; the sum then leaves them out. */
static void resize(struct gilloc_trace_checker *checker, struct gilloc_trace_block *block, uint64_t size)
{
  checker->bytes -= block->size;
  if (__builtin_add_overflow(checker->bytes, size, &checker->bytes)) {
    checker->bytes -= size;
    size = 0;
  }
  block->size = size;
  if (checker->bytes > checker->bytes_peak) {
    checker->bytes_peak = checker->bytes;
    checker->blocks_at_peak = checker->live.count;
    checker->peak_at = checker->done;
  }
}

static bool check_new(struct gilloc_trace_checker *checker, const struct gilloc_trace_op *op, uint32_t *slot)
{
  if (gilloc_trace_table_find(&checker->live, op->id))
    return refuse(checker, op, "which is live, expected an id that is not");
  if (!take_slot(checker, slot))
    return refuse(checker, op, "for which there is no memory");
  if (!gilloc_trace_table_put(&checker->live, op->id, *slot)) {
    gilloc_trace_checker_put_slot(checker, *slot);
    return refuse(checker, op, "for which there is no memory");
  }
  checker->blocks[*slot] = (struct gilloc_trace_block){0, 0};
  resize(checker, &checker->blocks[*slot], op->count * op->size);
  return true;
}

static bool check_old(struct gilloc_trace_checker *checker, const struct gilloc_trace_op *op, uint32_t *slot)
{
  const uint64_t *found = gilloc_trace_table_find(&checker->live, op->id);
  if (!found)
    return refuse(checker, op, "which is not live, expected the id of a live block");
  *slot = (uint32_t)*found;
  resize(checker, &checker->blocks[*slot], op->size);
  if (op->kind == GILLOC_TRACE_FREE)
    (void)gilloc_trace_table_remove(&checker->live, op->id);
  return true;
}

bool gilloc_trace_check(struct gilloc_trace_checker *checker, const struct gilloc_trace_op *op,
                        uint32_t *slot)
{
  *slot = 0;
  if (!check_size(checker, op))
    return false;
  if (gilloc_trace_allocates(op->kind) && !check_new(checker, op, slot))
    return false;
  if ((op->kind == GILLOC_TRACE_REALLOC || op->kind == GILLOC_TRACE_FREE) && !check_old(checker, op, slot))
    return false;
  checker->operations[op->kind]++;
  checker->done += op->kind != GILLOC_TRACE_STATISTICS;
  if (op->thread >= checker->threads)
    checker->threads = op->thread + 1;
  return true;
}
