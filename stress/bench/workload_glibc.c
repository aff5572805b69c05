/* SPDX-License-Identifier: MIT
 *
 * workload_glibc.c: after bench-malloc-simple and bench-malloc-thread of glibc's benchtests (W. Dijkstra, D.
 * J. Delorie and others); written anew from their descriptions.
 *
 * glibc-simple: one thread and one size at a time (16 to 256 bytes), 25 to 1,600 blocks alive; half of them
 * is freed in the order of their birth and half in the reverse. glibc-thread: each thread replaces random
 * blocks of 1,024; their sizes go from 8 to 32,768 bytes with a density that falls with the square of the
 * size.
 */
#include "workloads.h"

enum { SIMPLE_MOST = 1600, SIMPLE_OPERATIONS = 30000000 };
enum { THREAD_SLOTS = 1024, THREAD_SIZES = 1 << 14, THREAD_OPERATIONS = 14000000 };
static const double thread_smallest = 8;
static const double thread_largest = 32768;

static void birth_and_death(struct gilloc_bench_ledger *ledger, size_t size, unsigned count)
{
  void *blocks[SIMPLE_MOST];
  for (unsigned i = 0; i < count; i++)
    blocks[i] = gilloc_bench_take(ledger, size);
  for (unsigned i = 0; i < count / 2; i++)
    gilloc_bench_give(ledger, blocks[i], size);
  for (unsigned i = count; i > count / 2; i--)
    gilloc_bench_give(ledger, blocks[i - 1], size);
}

void gilloc_bench_glibc_simple(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  static const unsigned counts[] = {25, 100, 400, SIMPLE_MOST};
  static const size_t sizes[] = {16, 32, 64, 128, 256};
  enum { COUNTS = sizeof counts / sizeof *counts, SIZES = sizeof sizes / sizeof *sizes };
  uint64_t operations = gilloc_bench_scaled(task, SIMPLE_OPERATIONS) / COUNTS / SIZES;
  struct gilloc_bench_ledger ledger = gilloc_bench_ledger_make(task, 0);
  for (size_t size = 0; size < SIZES; size++) {
    for (size_t count = 0; count < COUNTS; count++) {
      for (uint64_t left = operations / counts[count] + 1; left > 0; left--)
        birth_and_death(&ledger, sizes[size], counts[count]);
    }
  }
  gilloc_bench_ledger_add(total, &ledger);
}

struct slot {
  void *block;
  uint32_t size;
};

/* By inverting the distribution's function. */
static uint32_t *draw_sizes(struct gilloc_prng *prng)
{
  uint32_t *sizes = gilloc_bench_table(THREAD_SIZES, sizeof *sizes);
  for (size_t i = 0; i < THREAD_SIZES; i++) {
    double even = (double)(gilloc_prng_next(prng) >> 11) * 0x1p-53;
    sizes[i] = (uint32_t)(thread_smallest / (1 - even * (1 - thread_smallest / thread_largest)));
  }
  return sizes;
}

static void replace(struct gilloc_bench_lane *lane)
{
  struct slot slots[THREAD_SLOTS] = {{NULL, 0}};
  uint32_t *sizes = draw_sizes(&lane->prng);
  uint64_t operations = gilloc_bench_scaled(lane->task, THREAD_OPERATIONS / lane->task->threads);
  for (uint64_t i = 0; i < operations; i++) {
    struct slot *slot = &slots[gilloc_prng_below(&lane->prng, THREAD_SLOTS)];
    if (slot->block)
      gilloc_bench_give(&lane->ledger, slot->block, slot->size);
    slot->size = sizes[i % THREAD_SIZES];
    slot->block = gilloc_bench_take(&lane->ledger, slot->size);
  }
  for (size_t i = 0; i < THREAD_SLOTS; i++) {
    if (slots[i].block)
      gilloc_bench_give(&lane->ledger, slots[i].block, slots[i].size);
  }
  free(sizes);
}

void gilloc_bench_glibc_thread(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  struct gilloc_bench_crew crew = {.count = task->threads, .body = replace};
  gilloc_bench_crew_run(&crew, task, total);
}
