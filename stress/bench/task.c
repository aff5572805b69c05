/* SPDX-License-Identifier: MIT
 *
 * task.c: threads, tables and the end of a workload.
 */
#include "task.h"

#include <pthread.h>
#include <stdio.h>

_Noreturn void gilloc_bench_die(const char *what)
{
  (void)fprintf(stderr, "gilloc-bench-program: %s\n", what);
  exit(1);
}

uint64_t gilloc_bench_scaled(const struct gilloc_bench_task *task, uint64_t count)
{
  uint64_t scaled = count * task->percent / GILLOC_BENCH_PERCENT;
  return scaled ? scaled : 1;
}

void *gilloc_bench_table(size_t count, size_t size)
{
  void *table = calloc(count, size);
  if (!table)
    gilloc_bench_die("out of memory");
  return table;
}

/* What a thread is started with. */
struct start {
  void (*body)(struct gilloc_bench_lane *lane);
  struct gilloc_bench_lane lane;
};

static void *enter(void *argument)
{
  struct start *start = argument;
  start->body(&start->lane);
  return NULL;
}

void gilloc_bench_crew_run(const struct gilloc_bench_crew *crew, const struct gilloc_bench_task *task,
                           struct gilloc_bench_ledger *total)
{
  static struct start starts[2 * GILLOC_BENCH_THREADS_MAX];
  pthread_t threads[2 * GILLOC_BENCH_THREADS_MAX];
  for (unsigned i = 0; i < crew->count; i++) {
    uint64_t stream = crew->first + i;
    starts[i].body = crew->body;
    starts[i].lane =
        (struct gilloc_bench_lane){task, crew->shared, i, gilloc_prng_stream(task->seed, ~stream),
                                   gilloc_bench_ledger_make(task, stream)};
    if (pthread_create(&threads[i], NULL, enter, &starts[i]) != 0)
      gilloc_bench_die("cannot start a thread");
  }
  for (unsigned i = 0; i < crew->count; i++) {
    (void)pthread_join(threads[i], NULL);
    gilloc_bench_ledger_add(total, &starts[i].lane.ledger);
  }
}
