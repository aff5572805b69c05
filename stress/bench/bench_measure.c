/* SPDX-License-Identifier: MIT
 *
 * bench_measure.c: the runs. A run that crashes, hangs or is wrong is noted and the bench goes on; an
 * allocator that hung on a row is not tried on it again.
 */
#include "bench_measure.h"

#include "bench_scratch.h"
#include "message.h"
#include "paths.h"
#include "prng.h"
#include "progress.h"
#include "runner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NUMBER = 24, ARGUMENTS = 12 };
static const double workload_timeout_s = 60;
static const double program_timeout_s = 180;

/* What is needed for one run after another. */
struct bench {
  struct gilloc_bench_measurement *measurement;
  char *launcher, *program, *programs;
  struct gilloc_bench_scratch scratch;
  size_t done, all;
  double begin_s;
};

static double now_s(void)
{
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void judge(struct gilloc_bench_result *result, const struct gilloc_runner_end *end)
{
  enum { SIGNAL_BASE = 128 };
  static const enum gilloc_bench_outcome of_fate[] = {[GILLOC_RUNNER_EXITED] = GILLOC_BENCH_FAILED,
                                                      [GILLOC_RUNNER_SIGNALLED] = GILLOC_BENCH_CRASHED,
                                                      [GILLOC_RUNNER_HUNG] = GILLOC_BENCH_HUNG,
                                                      [GILLOC_RUNNER_BLOATED] = GILLOC_BENCH_BLOATED,
                                                      [GILLOC_RUNNER_INTERRUPTED] = GILLOC_BENCH_MISSING};
  result->outcome = of_fate[end->fate];
  if (end->fate == GILLOC_RUNNER_EXITED && end->value > SIGNAL_BASE)
    result->outcome = GILLOC_BENCH_CRASHED;
  bool read = gilloc_bench_result_read(result, end->output);
  if (end->fate == GILLOC_RUNNER_EXITED && end->value == 0 && read) {
    result->outcome = GILLOC_BENCH_OK;
    return;
  }
  result->detail = *end->complaint ? gilloc_message_format("%s", end->complaint)
                                   : gilloc_message_format("it ended with status %d", end->value);
}

static char *number(char *text, unsigned long long value)
{
  (void)snprintf(text, NUMBER, "%llu", value);
  return text;
}

static struct gilloc_runner_end start(struct bench *bench, const struct gilloc_bench_row *row,
                                      const char *library)
{
  const struct gilloc_bench_options *options = bench->measurement->options;
  uint64_t limit = bench->measurement->machine.memory / 2;
  char threads[NUMBER];
  char percent[NUMBER];
  char seed[NUMBER];
  char *preload = library ? (char *)library : (char *)"-";
  char *workload = (char *)row->workload;
  if (row->group == GILLOC_BENCH_PROGRAMS) {
    char *argv[] = {bench->programs, (char *)"run", workload, bench->scratch.path,
                    bench->launcher, preload,       NULL};
    return gilloc_runner_run(argv, program_timeout_s, limit);
  }
  char *argv[] = {bench->launcher,
                  preload,
                  bench->program,
                  workload,
                  number(threads, row->threads),
                  number(percent, options->percent),
                  number(seed, options->seed),
                  NULL};
  return gilloc_runner_run(argv, workload_timeout_s, limit);
}

static bool has_hung(const struct gilloc_bench_measurement *measurement, const size_t place[3])
{
  for (size_t round = 0; round < place[2]; round++) {
    if (gilloc_bench_result_at(measurement, (size_t[]){place[0], place[1], round})->outcome ==
        GILLOC_BENCH_HUNG)
      return true;
  }
  return false;
}

static void run_one(struct bench *bench, const size_t place[3])
{
  struct gilloc_bench_measurement *measurement = bench->measurement;
  const struct gilloc_bench_row *row = &measurement->suite->rows[place[0]];
  const struct gilloc_bench_allocator *allocator = &measurement->peers->items[place[1]];
  char *what = gilloc_message_format("%s on %s", row->name, allocator->name);
  double left =
      bench->done ? (now_s() - bench->begin_s) / (double)bench->done * (double)(bench->all - bench->done) : 0;
  gilloc_progress_show(bench->done++, bench->all, left, what);
  free(what);
  if (has_hung(measurement, place))
    return;
  struct gilloc_runner_end end = start(bench, row, allocator->library);
  if (gilloc_runner_signal()) {
    gilloc_progress_wipe();
    gilloc_bench_scratch_fini(&bench->scratch);
    gilloc_runner_die_by_signal();
  }
  judge(gilloc_bench_result_at(measurement, place), &end);
  gilloc_runner_end_fini(&end);
}

static void run_round(struct bench *bench, struct gilloc_prng *prng, size_t round)
{
  size_t rows = bench->measurement->suite->count;
  size_t allocators = bench->measurement->peers->count;
  size_t *row_order = gilloc_message_need(calloc(rows, sizeof *row_order));
  size_t *allocator_order = gilloc_message_need(calloc(allocators, sizeof *allocator_order));
  gilloc_prng_shuffle(prng, row_order, rows);
  for (size_t i = 0; i < rows; i++) {
    if (bench->measurement->suite->rows[row_order[i]].skipped)
      continue;
    gilloc_prng_shuffle(prng, allocator_order, allocators);
    for (size_t j = 0; j < allocators; j++)
      run_one(bench, (size_t[]){row_order[i], allocator_order[j], round});
  }
  free(row_order);
  free(allocator_order);
}

static char *need_program(const char *name)
{
  char *path = gilloc_paths_program(name);
  if (!path)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "%s is not installed beside this command", name);
  return path;
}

/* Another round like those before would end too late. The first is always carried out. */
static bool is_time_up(const struct bench *bench, size_t rounds_done)
{
  double limit = bench->measurement->options->limit_s;
  double elapsed = now_s() - bench->begin_s;
  return limit > 0 && rounds_done > 0 && elapsed + elapsed / (double)rounds_done > limit;
}

/* Real programs are looked for and given their inputs before the first round; one that is not there is
 * skipped. */
static void prepare_programs(struct bench *bench)
{
  struct gilloc_bench_suite *suite = bench->measurement->suite;
  for (size_t i = 0; i < suite->count; i++) {
    struct gilloc_bench_row *row = &suite->rows[i];
    if (row->group == GILLOC_BENCH_PROGRAMS) {
      gilloc_progress_show(0, bench->all, 0, "preparing the real programs");
      char *argv[] = {bench->programs, (char *)"prepare", (char *)row->workload, bench->scratch.path, NULL};
      struct gilloc_runner_end end = gilloc_runner_run(argv, program_timeout_s, UINT64_MAX);
      if (end.fate != GILLOC_RUNNER_EXITED || end.value != 0)
        row->skipped =
            gilloc_message_format("%s", *end.complaint ? end.complaint : "it could not be prepared");
      gilloc_runner_end_fini(&end);
    }
    bench->all += row->skipped ? 0 : bench->measurement->peers->count * bench->measurement->options->rounds;
  }
}

struct gilloc_bench_measurement gilloc_bench_measure(const struct gilloc_bench_options *options,
                                                     struct gilloc_bench_suite *suite,
                                                     const struct gilloc_bench_peers *peers)
{
  struct gilloc_bench_measurement measurement = {
      .options = options, .suite = suite, .peers = peers, .machine = gilloc_machine_read()};
  measurement.results =
      gilloc_message_need(calloc(suite->count * peers->count * options->rounds, sizeof *measurement.results));
  struct bench bench = {&measurement,
                        need_program("gilloc-bench-launch"),
                        need_program("gilloc-bench-program"),
                        need_program("gilloc-bench-programs"),
                        gilloc_bench_scratch_make(),
                        0,
                        0,
                        now_s()};
  prepare_programs(&bench);
  bench.begin_s = now_s();
  struct gilloc_prng prng = gilloc_prng_stream(options->seed, 0);
  for (size_t round = 0; round < options->rounds && !is_time_up(&bench, round); round++) {
    run_round(&bench, &prng, round);
    measurement.rounds_done++;
  }
  gilloc_progress_wipe();
  measurement.elapsed_s = now_s() - bench.begin_s;
  gilloc_bench_scratch_fini(&bench.scratch);
  free(bench.launcher);
  free(bench.program);
  free(bench.programs);
  return measurement;
}

void gilloc_bench_measure_fini(struct gilloc_bench_measurement *measurement)
{
  size_t runs = measurement->suite->count * measurement->peers->count * measurement->options->rounds;
  for (size_t i = 0; i < runs; i++)
    free(measurement->results[i].detail);
  free(measurement->results);
}
