/* SPDX-License-Identifier: MIT
 *
 * workload_mleak.c: after mleak of mimalloc-bench; written anew from its description. Threads come and go,
 * one at a time; each frees what the one before has left, takes blocks of 8 to 4,096 bytes and leaves every
 * fourth behind. What an allocator keeps for a thread must not outlive it, and starting it must be cheap.
 */
#include "workloads.h"

enum { THREADS = 3000, BLOCKS = 200, SIZE_LEAST = 8, SIZE_MOST = 4096, LEFT = 4 };

struct slot {
  void *block;
  uint32_t size;
};

static void live_briefly(struct gilloc_bench_lane *lane)
{
  struct slot *slots = lane->shared;
  for (size_t i = 0; i < BLOCKS; i++) {
    struct slot *slot = &slots[i];
    if (slot->block)
      gilloc_bench_give(&lane->ledger, slot->block, slot->size);
    slot->size = SIZE_LEAST + gilloc_prng_below(&lane->prng, SIZE_MOST - SIZE_LEAST);
    slot->block = gilloc_bench_take(&lane->ledger, slot->size);
  }
  for (size_t i = 0; i < BLOCKS; i++) {
    if (i % LEFT == 0)
      continue;
    gilloc_bench_give(&lane->ledger, slots[i].block, slots[i].size);
    slots[i].block = NULL;
  }
}

void gilloc_bench_mleak(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  static struct slot slots[BLOCKS];
  uint64_t threads = gilloc_bench_scaled(task, THREADS);
  for (uint64_t i = 0; i < threads; i++) {
    struct gilloc_bench_crew crew = {.count = 1, .first = i, .body = live_briefly, .shared = slots};
    gilloc_bench_crew_run(&crew, task, total);
  }
  for (size_t i = 0; i < BLOCKS; i++) {
    if (slots[i].block)
      gilloc_bench_give(total, slots[i].block, slots[i].size);
  }
}
