/* SPDX-License-Identifier: MIT
 *
 * workload_larson.c: a server's connections. After P. Larson and M. Krishnan, "Memory Allocation for
 * Long-Running Server Applications" (ISMM 1998), whose program is carried along by Hoard and mimalloc-bench;
 * written anew from its description. Each lane is a chain of threads: one replaces random blocks of an array
 * (5,000 of 8 to 1,000 bytes), starts its successor, bequeaths it the array and exits. So blocks outlive
 * their threads. larson-sized gives the size back with each block.
 */
#include "sized.h"
#include "workloads.h"

#include <pthread.h>
#include <semaphore.h>

enum { SLOTS = 5000, SIZE_LEAST = 8, SIZE_MOST = 1000, GENERATIONS = 8, OPERATIONS = 8000000 };

struct slot {
  void *block;
  size_t size;
};

struct lane {
  _Alignas(2 * GILLOC_BENCH_LINE) struct gilloc_bench_ledger ledger;
  struct gilloc_prng prng;
  struct slot *slots;
  gilloc_bench_sized_free *put; /* NULL: free */
  uint64_t operations;          /* a generation */
  unsigned generations;         /* still to come */
  sem_t *done;
};

static size_t any_size(struct gilloc_prng *prng)
{
  return SIZE_LEAST + gilloc_prng_below(prng, SIZE_MOST - SIZE_LEAST + 1);
}

static void put(struct lane *lane, const struct slot *slot)
{
  gilloc_bench_check(&lane->ledger, slot->block, slot->size);
  if (lane->put)
    lane->put(slot->block, slot->size);
  else
    free(slot->block);
}

static void fill(struct lane *lane, struct slot *slot)
{
  slot->size = any_size(&lane->prng);
  slot->block = gilloc_bench_take(&lane->ledger, slot->size);
}

static void start(struct lane *lane);

static void *live(void *argument)
{
  struct lane *lane = argument;
  for (uint64_t i = 0; i < lane->operations; i++) {
    struct slot *slot = &lane->slots[gilloc_prng_below(&lane->prng, SLOTS)];
    put(lane, slot);
    fill(lane, slot);
  }
  if (--lane->generations > 0)
    start(lane);
  else
    (void)sem_post(lane->done);
  return NULL;
}

static void start(struct lane *lane)
{
  pthread_t thread;
  if (pthread_create(&thread, NULL, live, lane) != 0 || pthread_detach(thread) != 0)
    gilloc_bench_die("cannot start a thread");
}

static void run(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total,
                gilloc_bench_sized_free *sized)
{
  static struct lane lanes[GILLOC_BENCH_THREADS_MAX];
  sem_t done;
  (void)sem_init(&done, 0, 0);
  for (unsigned i = 0; i < task->threads; i++) {
    lanes[i] =
        (struct lane){.ledger = gilloc_bench_ledger_make(task, i),
                      .prng = gilloc_prng_stream(task->seed, ~(uint64_t)i),
                      .slots = gilloc_bench_table(SLOTS, sizeof(struct slot)),
                      .put = sized,
                      .operations = gilloc_bench_scaled(task, OPERATIONS / GENERATIONS / task->threads),
                      .generations = GENERATIONS,
                      .done = &done};
    for (size_t j = 0; j < SLOTS; j++)
      fill(&lanes[i], &lanes[i].slots[j]);
  }
  for (unsigned i = 0; i < task->threads; i++)
    start(&lanes[i]);
  for (unsigned i = 0; i < task->threads; i++) {
    while (sem_wait(&done) != 0) {
    }
  }
  for (unsigned i = 0; i < task->threads; i++) {
    for (size_t j = 0; j < SLOTS; j++)
      put(&lanes[i], &lanes[i].slots[j]);
    gilloc_bench_ledger_add(total, &lanes[i].ledger);
    free(lanes[i].slots);
  }
}

void gilloc_bench_larson(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  run(task, total, NULL);
}

void gilloc_bench_larson_sized(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  run(task, total, gilloc_bench_sized_find());
}
