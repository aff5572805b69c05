/* SPDX-License-Identifier: MIT
 *
 * workload_rptest.c: after rpmalloc-benchmark (M. Jansson); written anew from its description. Each thread
 * has 3,000 blocks of 16 to 8,000 bytes, the larger the rarer. A pass frees every third of them from a random
 * place on and takes as many anew; after every second pass the thread hands those to the next thread and
 * frees what it was handed itself.
 */
#include "workloads.h"

#include <stdatomic.h>

enum {
  SLOTS = 3000,
  STEP = 3,
  SIZE_LEAST = 16,
  SIZE_MOST = 8000,
  PASSES = 4000,
  HANDED = SLOTS / STEP,
  PLACES = 4
};

struct slot {
  void *block;
  uint32_t size;
};

struct parcel {
  size_t count;
  struct slot slots[HANDED];
};

/* What waits for each thread; a bound, or the slower thread's backlog would be what is measured. Pairs: the
 * release of a parcel put into an empty place with the acquire of the owner's exchange. */
static struct {
  _Alignas(2 * GILLOC_BENCH_LINE) _Atomic(struct parcel *) places[PLACES];
} inbox[GILLOC_BENCH_THREADS_MAX];

static void fill(struct gilloc_bench_lane *lane, struct slot *slot)
{
  uint64_t dice = gilloc_prng_next(&lane->prng);
  uint64_t a = dice & 0xffff;
  uint64_t b = (dice >> 16) & 0xffff;
  slot->size = SIZE_LEAST + (uint32_t)((a < b ? a : b) * (SIZE_MOST - SIZE_LEAST) >> 16);
  slot->block = gilloc_bench_take(&lane->ledger, slot->size);
}

static void empty(struct gilloc_bench_lane *lane, struct slot *slot)
{
  if (slot->block)
    gilloc_bench_give(&lane->ledger, slot->block, slot->size);
  slot->block = NULL;
}

static void replace(struct gilloc_bench_lane *lane, struct slot *slots)
{
  size_t begin = gilloc_prng_below(&lane->prng, STEP);
  for (size_t i = begin; i < SLOTS; i += STEP)
    empty(lane, &slots[i]);
  for (size_t i = begin; i < SLOTS; i += STEP)
    fill(lane, &slots[i]);
}

static void open_parcel(struct gilloc_bench_lane *lane, struct parcel *parcel)
{
  for (size_t i = 0; parcel && i < parcel->count; i++)
    empty(lane, &parcel->slots[i]);
  free(parcel);
}

static bool put_into(unsigned whose, struct parcel *parcel)
{
  for (size_t i = 0; i < PLACES; i++) {
    struct parcel *expected = NULL;
    if (atomic_compare_exchange_strong_explicit(&inbox[whose].places[i], &expected, parcel,
                                                memory_order_release, memory_order_relaxed))
      return true;
  }
  return false;
}

/* Where the next thread lags behind, its parcel is opened here. */
static void hand_over(struct gilloc_bench_lane *lane, struct slot *slots)
{
  struct parcel *parcel = malloc(sizeof *parcel);
  if (!parcel)
    gilloc_bench_die("out of memory");
  parcel->count = 0;
  for (size_t i = gilloc_prng_below(&lane->prng, STEP); i < SLOTS; i += STEP) {
    parcel->slots[parcel->count++] = slots[i];
    slots[i].block = NULL;
  }
  if (!put_into((lane->number + 1) % lane->task->threads, parcel))
    open_parcel(lane, parcel);
}

static void open_all(struct gilloc_bench_lane *lane, unsigned whose)
{
  for (size_t i = 0; i < PLACES; i++)
    open_parcel(lane, atomic_exchange_explicit(&inbox[whose].places[i], NULL, memory_order_acquire));
}

static void work(struct gilloc_bench_lane *lane)
{
  struct slot *slots = gilloc_bench_table(SLOTS, sizeof *slots);
  for (uint64_t left = gilloc_bench_scaled(lane->task, PASSES / lane->task->threads); left > 0; left--) {
    replace(lane, slots);
    if (left % 2 == 0)
      hand_over(lane, slots);
    open_all(lane, lane->number);
  }
  for (size_t i = 0; i < SLOTS; i++)
    empty(lane, &slots[i]);
  free(slots);
}

void gilloc_bench_rptest(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  struct gilloc_bench_crew crew = {.count = task->threads, .body = work};
  gilloc_bench_crew_run(&crew, task, total);
  struct gilloc_bench_lane lane = {.task = task};
  for (unsigned i = 0; i < task->threads; i++)
    open_all(&lane, i);
  gilloc_bench_ledger_add(total, &lane.ledger);
}
