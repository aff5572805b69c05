/* SPDX-License-Identifier: MIT
 *
 * workload_alloc_test.c: after the alloc-test of OLogN Technologies (node-dot-cpp/alloc-test); written anew
 * from its description. A large set of slots, of which a fifth gets four fifths of the visits; a visit fills
 * an empty slot with a block of 8 to 1,024 bytes (all powers of two equally often) and writes all of it, or
 * reads and frees the block that is there. The threads share nothing.
 */
#include "workloads.h"

#include <string.h>

enum { SLOTS = 1 << 17, VISITS = 5000000, SMALLEST_POWER = 3, POWERS = 7 };

struct slot {
  unsigned char *block;
  uint32_t size;
};

static uint32_t any_size(struct gilloc_prng *prng)
{
  uint64_t dice = gilloc_prng_next(prng);
  uint32_t base = 1U << (SMALLEST_POWER + dice % POWERS);
  return base + (uint32_t)((dice >> 32) % (base + 1));
}

static size_t any_slot(struct gilloc_prng *prng, size_t slots)
{
  uint32_t dice = gilloc_prng_below(prng, 5);
  return dice < 4 ? gilloc_prng_below(prng, (uint32_t)slots / 5)
                  : slots / 5 + gilloc_prng_below(prng, (uint32_t)(slots - slots / 5));
}

static void fill(struct gilloc_bench_lane *lane, struct slot *slot)
{
  slot->size = any_size(&lane->prng);
  slot->block = malloc(slot->size);
  if (slot->block)
    memset(slot->block, (int)slot->size, slot->size);
  gilloc_bench_stamp(&lane->ledger, slot->block, slot->size);
}

/* One byte of each line, the stamps left out. */
static void empty(struct gilloc_bench_lane *lane, struct slot *slot)
{
  unsigned wrong = 0;
  for (size_t i = GILLOC_BENCH_LINE; i + 1 < slot->size; i += GILLOC_BENCH_LINE)
    wrong += slot->block[i] != (unsigned char)slot->size;
  lane->ledger.damaged += wrong != 0;
  gilloc_bench_give(&lane->ledger, slot->block, slot->size);
  slot->block = NULL;
}

static void visit(struct gilloc_bench_lane *lane)
{
  size_t count = SLOTS / lane->task->threads;
  struct slot *slots = gilloc_bench_table(count, sizeof *slots);
  for (uint64_t left = gilloc_bench_scaled(lane->task, VISITS / lane->task->threads); left > 0; left--) {
    struct slot *slot = &slots[any_slot(&lane->prng, count)];
    if (slot->block)
      empty(lane, slot);
    else
      fill(lane, slot);
  }
  for (size_t i = 0; i < count; i++) {
    if (slots[i].block)
      empty(lane, &slots[i]);
  }
  free(slots);
}

void gilloc_bench_alloc_test(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  struct gilloc_bench_crew crew = {.count = task->threads, .body = visit};
  gilloc_bench_crew_run(&crew, task, total);
}
