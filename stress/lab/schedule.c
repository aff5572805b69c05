/* SPDX-License-Identifier: MIT
 *
 * schedule.c: the cells and the time they get.
 */
#include "schedule.h"

#include "message.h"
#include "protocol.h"

#include <stdlib.h>
#include <string.h>

/* A default lab is 36 cells x 7 rounds in less than 3 minutes; a quick one has 24 cells x 2 rounds. */
enum { DEFAULT_ROUNDS = 7, QUICK_ROUNDS = 2 };
static const double default_seconds = 0.5;
static const double default_warmup = 0.1;
static const double default_limit = 172;
static const double quick_warmup = 0.05;
static const double quick_limit = 27;
/* What a run takes besides its window and its warm-up: starting, reading the input, verifying. */
static const double run_overhead = 0.05;

static const unsigned default_rates[GILLOC_WORKLOADS] = {
    [GILLOC_WORKLOAD_IO] = GILLOC_RATE_IO, [GILLOC_WORKLOAD_MIXED] = GILLOC_RATE_MIXED};

unsigned gilloc_schedule_rate(const struct gilloc_options *options, enum gilloc_workload_id workload)
{
  bool has_service = default_rates[workload] != 0;
  return has_service && options->rate ? options->rate : default_rates[workload];
}

/* Thread counts where none were chosen. A quick lab has time for what each workload is about only:
 * scaling in cpu, one cpu thread beside the service in mixed, two threads in the others. */
static const unsigned *default_threads(const struct gilloc_options *options, enum gilloc_workload_id workload,
                                       size_t *count)
{
  static const unsigned one_and_two[] = {1, 2};
  if (workload == GILLOC_WORKLOAD_REPLAY) {
    *count = 1;
    return &options->trace_threads;
  }
  *count = !options->quick || workload == GILLOC_WORKLOAD_CPU ? 2 : 1;
  return options->quick && (workload == GILLOC_WORKLOAD_IO || workload == GILLOC_WORKLOAD_ALLOC)
             ? one_and_two + 1
             : one_and_two;
}

/* `none` in whatever geometry is for one thread. */
static bool has_one_thread(const char *row)
{
  return strcmp(row, "none") == 0 || strncmp(row, "none-", strlen("none-")) == 0;
}

static void add_cell(struct gilloc_schedule *schedule, enum gilloc_workload_id workload, const char *row,
                     unsigned threads)
{
  unsigned runnable = threads + (workload == GILLOC_WORKLOAD_MIXED ? 1 : 0);
  if (has_one_thread(row))
    runnable = 1;
  schedule->cells =
      gilloc_message_need(realloc(schedule->cells, (schedule->count + 1) * sizeof *schedule->cells));
  schedule->cells[schedule->count++] =
      (struct gilloc_cell){workload, row, threads, runnable > schedule->cores};
}

static void add_workload(struct gilloc_schedule *schedule, const struct gilloc_options *options,
                         enum gilloc_workload_id workload)
{
  size_t count = options->thread_count;
  const unsigned *threads = options->threads;
  if (count == 0)
    threads = default_threads(options, workload, &count);
  for (size_t row = 0; row < options->row_count; row++) {
    const char *name = options->rows[row];
    if (has_one_thread(name)) {
      add_cell(schedule, workload, name, 1);
      continue;
    }
    for (size_t i = 0; i < count; i++)
      add_cell(schedule, workload, name, threads[i]);
  }
}

static void make_quick(struct gilloc_schedule *schedule)
{
  schedule->rounds = QUICK_ROUNDS;
  schedule->warmup = quick_warmup;
  schedule->limit = quick_limit;
  double runs = (double)schedule->count * QUICK_ROUNDS;
  schedule->seconds = (quick_limit - 1) / runs - quick_warmup - run_overhead;
  if (schedule->seconds > default_seconds)
    schedule->seconds = default_seconds;
  if (schedule->seconds < 0.1)
    gilloc_message_refuse(
        "--quick: no time for %zu different runs; choose fewer with --workload, --flavour or "
        "--threads",
        schedule->count);
}

struct gilloc_schedule gilloc_schedule_make(const struct gilloc_options *options, unsigned cores)
{
  struct gilloc_schedule schedule = {.rounds = DEFAULT_ROUNDS, .seconds = default_seconds, .cores = cores};
  for (enum gilloc_workload_id workload = 0; workload < GILLOC_WORKLOADS; workload++) {
    if (options->workloads[workload])
      add_workload(&schedule, options, workload);
  }
  if (options->quick) {
    make_quick(&schedule);
    return schedule;
  }
  if (options->rounds)
    schedule.rounds = options->rounds;
  if (options->seconds > 0)
    schedule.seconds = options->seconds;
  schedule.warmup = schedule.seconds < 5 * default_warmup ? schedule.seconds / 5 : default_warmup;
  schedule.limit = options->rounds || options->seconds > 0 ? 0 : default_limit;
  return schedule;
}

void gilloc_schedule_fini(struct gilloc_schedule *schedule)
{
  free(schedule->cells);
}

char *gilloc_schedule_cell_name(const struct gilloc_cell *cell)
{
  const char *thing = strcmp(cell->row, "processes") == 0 ? "process" : "thread";
  const char *plural = cell->threads == 1 ? "" : *thing == 'p' ? "es" : "s";
  return gilloc_message_format("%s, %u %s%s", cell->row, cell->threads, thing, plural);
}
