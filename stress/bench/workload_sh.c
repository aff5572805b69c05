/* SPDX-License-Identifier: MIT
 *
 * workload_sh.c: bursts. After MicroQuill's sh6bench and sh8bench (SmartHeap's benchmarks, carried along by
 * Hoard and mimalloc-bench); written anew from their descriptions. A round takes a burst of blocks, most of
 * them small, and frees it backwards, forwards, or every second block first; a third of each burst lives for
 * a round more. In sh6 a thread keeps to itself; in sh8 it leaves each burst for another thread and frees
 * what it finds.
 */
#include "workloads.h"

#include <stdatomic.h>

enum { BURST = 12000, BURSTS = 600, KEPT = 3, SIZE_UNIT = 8 };

struct slot {
  void *block;
  size_t size;
};

struct burst {
  size_t count;
  unsigned order; /* in which it shall be freed */
  struct slot slots[BURST];
};

/* sh8: what was left for others. Pairs: the release half of an exchange with the acquire half of a later one.
 */
static _Atomic(struct burst *) left[GILLOC_BENCH_THREADS_MAX];

/* 8 to 1,000 bytes; the smaller, the more. */
static size_t any_size(struct gilloc_prng *prng)
{
  uint64_t dice = gilloc_prng_next(prng);
  uint64_t low = dice % 125;
  uint64_t high = (dice >> 32) % 125;
  return SIZE_UNIT * (1 + low * high / 125);
}

static struct burst *fill(struct gilloc_bench_lane *lane, unsigned order)
{
  struct burst *burst = malloc(sizeof *burst);
  if (!burst)
    gilloc_bench_die("out of memory");
  burst->order = order;
  burst->count = BURST;
  for (size_t i = 0; i < BURST; i++) {
    burst->slots[i].size = any_size(&lane->prng);
    burst->slots[i].block = gilloc_bench_take(&lane->ledger, burst->slots[i].size);
  }
  return burst;
}

static void give(struct gilloc_bench_lane *lane, const struct slot *slot)
{
  gilloc_bench_give(&lane->ledger, slot->block, slot->size);
}

static void give_every_second(struct gilloc_bench_lane *lane, const struct burst *burst, size_t begin)
{
  for (size_t parity = 0; parity < 2; parity++) {
    for (size_t i = begin + parity; i < burst->count; i += 2)
      give(lane, &burst->slots[i]);
  }
}

/* Frees what stands from `begin` on. */
static void empty(struct gilloc_bench_lane *lane, struct burst *burst, size_t begin)
{
  switch (burst->order % 3) {
  case 0:
    for (size_t i = burst->count; i > begin; i--)
      give(lane, &burst->slots[i - 1]);
    break;
  case 1:
    for (size_t i = begin; i < burst->count; i++)
      give(lane, &burst->slots[i]);
    break;
  default:
    give_every_second(lane, burst, begin);
  }
  burst->count = begin;
}

static void finish(struct gilloc_bench_lane *lane, struct burst *burst)
{
  if (burst)
    empty(lane, burst, 0);
  free(burst);
}

static unsigned rounds(const struct gilloc_bench_lane *lane)
{
  return (unsigned)gilloc_bench_scaled(lane->task, BURSTS / lane->task->threads);
}

static void keep_to_itself(struct gilloc_bench_lane *lane)
{
  struct burst *before = NULL;
  for (unsigned round = 0; round < rounds(lane); round++) {
    struct burst *burst = fill(lane, round);
    finish(lane, before);
    empty(lane, burst, BURST / KEPT);
    before = burst;
  }
  finish(lane, before);
}

static void leave_for_others(struct gilloc_bench_lane *lane)
{
  struct burst *before = NULL;
  for (unsigned round = 0; round < rounds(lane); round++) {
    struct burst *burst = fill(lane, round);
    finish(lane, before);
    unsigned place = gilloc_prng_below(&lane->prng, lane->task->threads);
    before = atomic_exchange_explicit(&left[place], burst, memory_order_acq_rel);
    if (before)
      empty(lane, before, BURST / KEPT);
  }
  finish(lane, before);
}

void gilloc_bench_sh6(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  struct gilloc_bench_crew crew = {.count = task->threads, .body = keep_to_itself};
  gilloc_bench_crew_run(&crew, task, total);
}

void gilloc_bench_sh8(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  struct gilloc_bench_crew crew = {.count = task->threads, .body = leave_for_others};
  gilloc_bench_crew_run(&crew, task, total);
  struct gilloc_bench_lane lane = {.task = task};
  for (unsigned i = 0; i < task->threads; i++)
    finish(&lane, atomic_exchange_explicit(&left[i], NULL, memory_order_acq_rel));
  gilloc_bench_ledger_add(total, &lane.ledger);
}
