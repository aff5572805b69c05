/* SPDX-License-Identifier: MIT
 *
 * workload_cache.c: false sharing. After cache-scratch and cache-thrash of Hoard (E. Berger and others,
 * "Hoard: A Scalable Memory Allocator for Multithreaded Applications", ASPLOS 2000); written anew from their
 * descriptions. Each thread takes a block of 8 bytes, adds to it many times, and frees it, again and again:
 * if two threads' blocks lie in one cache line, they slow one another down. In cache-scratch each thread
 * begins by freeing a block that the main thread took for it beside the others': an allocator that gives that
 * one back has handed the line on for ever.
 */
#include "workloads.h"

enum { SIZE = 8, BLOCKS = 2000, WRITES = 300000 };

static void scratch(struct gilloc_bench_lane *lane)
{
  void **given = lane->shared;
  if (given)
    gilloc_bench_give(&lane->ledger, given[lane->number], SIZE);
  uint64_t writes = WRITES / lane->task->threads;
  for (uint64_t left = gilloc_bench_scaled(lane->task, BLOCKS); left > 0; left--) {
    volatile uint64_t *block = gilloc_bench_take(&lane->ledger, SIZE);
    for (uint64_t i = 0; i < writes; i++)
      *block += 1;
    *block -= writes;
    gilloc_bench_give(&lane->ledger, (void *)block, SIZE);
  }
}

void gilloc_bench_cache_thrash(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  struct gilloc_bench_crew crew = {.count = task->threads, .body = scratch};
  gilloc_bench_crew_run(&crew, task, total);
}

void gilloc_bench_cache_scratch(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  void *given[GILLOC_BENCH_THREADS_MAX];
  for (unsigned i = 0; i < task->threads; i++)
    given[i] = gilloc_bench_take(total, SIZE);
  struct gilloc_bench_crew crew = {.count = task->threads, .first = 1, .body = scratch, .shared = given};
  gilloc_bench_crew_run(&crew, task, total);
}
