/* SPDX-License-Identifier: MIT
 *
 * workload_large.c: after malloc-large of mimalloc-bench; written anew from its description. 20 blocks of 5
 * to 25 MiB are replaced at random. malloc-large touches their ends alone, so it measures the allocator's
 * dealings with the kernel; malloc-touch writes to each page, as a program that needs such a block does.
 */
#include "workloads.h"

enum { SLOTS = 20, MEBI = 1 << 20, SIZE_LEAST = 5 * MEBI, SIZE_MOST = 25 * MEBI, PAGE = 4096 };
enum { BARE_OPERATIONS = 30000, TOUCHED_OPERATIONS = 120 };

struct slot {
  unsigned char *block;
  size_t size;
};

static void fill(struct gilloc_bench_ledger *ledger, struct slot *slot, size_t step)
{
  slot->block = malloc(slot->size);
  for (size_t i = PAGE; slot->block && i < slot->size; i += step)
    slot->block[i] = 1;
  gilloc_bench_stamp(ledger, slot->block, slot->size);
}

static void run(const struct gilloc_bench_task *task, uint64_t operations, size_t step,
                struct gilloc_bench_ledger *total)
{
  struct slot slots[SLOTS] = {{NULL, 0}};
  struct gilloc_bench_ledger ledger = gilloc_bench_ledger_make(task, 0);
  struct gilloc_prng prng = gilloc_prng_stream(task->seed, ~UINT64_C(0));
  for (uint64_t left = gilloc_bench_scaled(task, operations); left > 0; left--) {
    struct slot *slot = &slots[gilloc_prng_below(&prng, SLOTS)];
    if (slot->block)
      gilloc_bench_give(&ledger, slot->block, slot->size);
    slot->size = SIZE_LEAST + gilloc_prng_below(&prng, SIZE_MOST - SIZE_LEAST);
    fill(&ledger, slot, step);
  }
  for (size_t i = 0; i < SLOTS; i++) {
    if (slots[i].block)
      gilloc_bench_give(&ledger, slots[i].block, slots[i].size);
  }
  gilloc_bench_ledger_add(total, &ledger);
}

void gilloc_bench_malloc_large(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  run(task, BARE_OPERATIONS, SIZE_MOST, total);
}

void gilloc_bench_malloc_touch(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  run(task, TOUCHED_OPERATIONS, PAGE, total);
}
