/* SPDX-License-Identifier: MIT
 *
 * workload_mstress.c: after mstress of mimalloc-bench (D. Leijen; mimalloc's test-stress); written anew from
 * its description. All threads are started and joined again and again. Each takes blocks of mostly few and
 * sometimes very many words, keeps some until its end, frees some at random, and swaps some against what
 * another thread has left in a shared table, which outlives the threads. Each word of a block says which
 * block it belongs to.
 */
#include "workloads.h"

#include <stdatomic.h>

enum { SHARED = 1000, STARTS = 16, STEPS = 200000, KEPT_MAX = 20000, PERCENT = 100, STRIDE = 8, HEADER = 2 };

/* word 0: stamp; word 1: number of words; each STRIDE-th word from there: the stamp again. */
static _Atomic(uint64_t *) table[SHARED];

static size_t any_words(struct gilloc_prng *prng)
{
  size_t words = HEADER + gilloc_prng_below(prng, 1U << gilloc_prng_below(prng, 8));
  uint32_t dice = gilloc_prng_below(prng, 1000);
  if (dice == 0)
    words *= 100;
  else if (dice < 10)
    words *= 10;
  return words;
}

static uint64_t *take(struct gilloc_bench_lane *lane)
{
  size_t words = any_words(&lane->prng);
  uint64_t *block = malloc(words * sizeof *block);
  gilloc_bench_stamp(&lane->ledger, block, sizeof *block);
  block[1] = words;
  for (size_t i = HEADER; i < words; i += STRIDE)
    block[i] = block[0];
  return block;
}

static void give(struct gilloc_bench_lane *lane, uint64_t *block)
{
  unsigned wrong = 0;
  for (size_t i = HEADER; i < block[1]; i += STRIDE)
    wrong += block[i] != block[0];
  lane->ledger.damaged += wrong != 0;
  gilloc_bench_give(&lane->ledger, block, sizeof *block);
}

/* Leaves a block in the table and frees the one that it replaces. Pairs with itself: what a thread takes out
 * was written by the one that put it there. */
static void swap(struct gilloc_bench_lane *lane, uint64_t *block)
{
  uint32_t place = gilloc_prng_below(&lane->prng, SHARED);
  uint64_t *other = atomic_exchange_explicit(&table[place], block, memory_order_acq_rel);
  if (other)
    give(lane, other);
}

static void give_any(struct gilloc_bench_lane *lane, uint64_t **blocks, size_t *count)
{
  size_t chosen = gilloc_prng_below(&lane->prng, (uint32_t)*count);
  give(lane, blocks[chosen]);
  blocks[chosen] = blocks[--*count];
}

static void work(struct gilloc_bench_lane *lane)
{
  uint64_t **blocks = gilloc_bench_table(KEPT_MAX, sizeof *blocks);
  size_t count = 0;
  for (uint64_t left = gilloc_bench_scaled(lane->task, STEPS / lane->task->threads); left > 0; left--) {
    uint32_t dice = gilloc_prng_below(&lane->prng, PERCENT);
    if (dice < 60 && count < KEPT_MAX)
      blocks[count++] = take(lane);
    else if (dice < 80 && count > 0)
      swap(lane, blocks[--count]);
    else if (count > 0)
      give_any(lane, blocks, &count);
  }
  while (count > 0)
    give(lane, blocks[--count]);
  free(blocks);
}

void gilloc_bench_mstress(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  for (unsigned start = 0; start < STARTS; start++) {
    struct gilloc_bench_crew crew = {.count = task->threads, .body = work, .first = start * task->threads};
    gilloc_bench_crew_run(&crew, task, total);
  }
  struct gilloc_bench_lane lane = {.task = task};
  for (size_t i = 0; i < SHARED; i++) {
    uint64_t *block = atomic_exchange_explicit(&table[i], NULL, memory_order_acq_rel);
    if (block)
      give(&lane, block);
  }
  gilloc_bench_ledger_add(total, &lane.ledger);
}
