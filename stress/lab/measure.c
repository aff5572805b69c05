/* SPDX-License-Identifier: MIT
 *
 * measure.c: rounds of runs, and the comparison of checksums.
 */
#include "measure.h"

#include "message.h"
#include "paths.h"
#include "prng.h"
#include "progress.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

/* What a worker may take besides its warm-up and window before it counts as hung. */
static const double grace_s = 20;

static double now_s(void)
{
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static struct gilloc_result *result_at(struct gilloc_measurement *measurement, size_t cell, unsigned round)
{
  return &measurement->results[cell * measurement->schedule->rounds + round];
}

const struct gilloc_result *gilloc_measure_result(const struct gilloc_measurement *measurement, size_t cell,
                                                  unsigned round)
{
  return &measurement->results[cell * measurement->schedule->rounds + round];
}

/* A growing argument vector; owns its strings. */
struct arguments {
  char **items;
  size_t count;
};

static void add_argument(struct arguments *arguments, char *text)
{
  arguments->items = gilloc_message_need(realloc(arguments->items, (arguments->count + 2) * sizeof(char *)));
  arguments->items[arguments->count++] = text;
  arguments->items[arguments->count] = NULL;
}

static void add_option(struct arguments *arguments, const char *name, char *value)
{
  add_argument(arguments, gilloc_message_need(strdup(name)));
  add_argument(arguments, value);
}

static void arguments_fini(struct arguments *arguments)
{
  for (size_t i = 0; i < arguments->count; i++)
    free(arguments->items[i]);
  free(arguments->items);
}

static struct arguments worker_arguments(const struct gilloc_measurement *measurement,
                                         const struct gilloc_cell *cell)
{
  const struct gilloc_options *options = measurement->options;
  const struct gilloc_schedule *schedule = measurement->schedule;
  struct arguments arguments = {NULL, 0};
  const char *count = strcmp(cell->row, "processes") == 0 ? "--processes" : "--threads";
  const char *workload = gilloc_options_workload_name(cell->workload);
  char *worker = gilloc_paths_worker(cell->row);
  if (!worker)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "the worker of '%s' is no longer there", cell->row);
  add_argument(&arguments, worker);
  add_option(&arguments, "--workload", gilloc_message_need(strdup(workload)));
  add_option(&arguments, count, gilloc_message_format("%u", cell->threads));
  add_option(&arguments, "--seconds", gilloc_message_format("%.4f", schedule->seconds));
  add_option(&arguments, "--warmup", gilloc_message_format("%.4f", schedule->warmup));
  add_option(&arguments, "--interval-us", gilloc_message_format("%u", options->interval_us));
  add_option(&arguments, "--policy", gilloc_message_need(strdup(options->policy)));
  add_option(&arguments, "--seed", gilloc_message_format("%" PRIu64, options->seed));
  unsigned rate = gilloc_schedule_rate(options, cell->workload);
  if (rate)
    add_option(&arguments, "--rate", gilloc_message_format("%u", rate));
  bool reads_text = cell->workload == GILLOC_WORKLOAD_CPU || cell->workload == GILLOC_WORKLOAD_MIXED;
  for (size_t i = 0; i < options->input_count && reads_text; i++)
    add_option(&arguments, "--input", gilloc_message_need(strdup(options->inputs[i])));
  if (cell->workload == GILLOC_WORKLOAD_REPLAY)
    add_option(&arguments, "--input", gilloc_message_need(strdup(options->trace)));
  return arguments;
}

_Noreturn static void refuse_as_worker(const struct gilloc_result *result, const struct gilloc_cell *cell)
{
  char *name = gilloc_schedule_cell_name(cell);
  gilloc_progress_wipe();
  gilloc_message_refuse("%s (%s): the worker refused: %s", gilloc_options_workload_name(cell->workload), name,
                        result->detail);
}

static void end_if_interrupted(void)
{
  if (!gilloc_runner_signal())
    return;
  gilloc_progress_wipe();
  gilloc_message_warn("interrupted; nothing is shown or written");
  gilloc_runner_die_by_signal();
}

/* Processor time of the workers that have ended, with their children. */
static double own_time_s(void)
{
  struct rusage usage;
  if (getrusage(RUSAGE_CHILDREN, &usage) != 0)
    return 0;
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

/* The file in memory in which this run's worker leaves its timeline; NULL where it records none. */
static FILE *open_timeline(const struct gilloc_measurement *measurement, struct arguments *arguments)
{
  if (!measurement->options->timeline_path || measurement->rounds_done > 0)
    return NULL;
  int descriptor = memfd_create("timeline", 0); /* inherited by the worker */
  FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "r+");
  if (!file)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "cannot make a file for the timeline: %s", strerror(errno));
  add_option(arguments, "--timeline", gilloc_message_format("/proc/self/fd/%d", descriptor));
  return file;
}

/* A run that failed, or has nothing to show, leaves no timeline. */
static void close_timeline(struct gilloc_measurement *measurement, const struct gilloc_cell *cell, FILE *file)
{
  if (!file)
    return;
  char *name = gilloc_schedule_cell_name(cell);
  char *full = gilloc_message_format("%s: %s", gilloc_options_workload_name(cell->workload), name);
  (void)gilloc_timeline_add_worker(&measurement->timeline, full, file);
  (void)fclose(file);
  free(full);
  free(name);
}

static struct gilloc_result run_cell(struct gilloc_measurement *measurement, const struct gilloc_cell *cell)
{
  struct arguments arguments = worker_arguments(measurement, cell);
  FILE *timeline = open_timeline(measurement, &arguments);
  struct gilloc_machine_time before = gilloc_machine_time();
  double own = own_time_s();
  double timeout = measurement->schedule->seconds + measurement->schedule->warmup + grace_s;
  struct gilloc_runner_end end =
      gilloc_runner_run(arguments.items, timeout, measurement->machine->memory / 2);
  end_if_interrupted();
  close_timeline(measurement, cell, timeline);
  struct gilloc_result result = gilloc_result_read(&end, cell);
  struct gilloc_machine_time after = gilloc_machine_time();
  result.stolen_s = after.stolen - before.stolen;
  /* The kernel counts whole ticks, so a short run's remainder may come out below nothing. */
  result.others_s = fmax(0, after.busy - before.busy - (own_time_s() - own));
  gilloc_runner_end_fini(&end);
  arguments_fini(&arguments);
  if (result.outcome == GILLOC_OUTCOME_REFUSED)
    refuse_as_worker(&result, cell);
  return result;
}

static void show_progress(const struct gilloc_measurement *measurement, size_t done,
                          const struct gilloc_cell *cell)
{
  const struct gilloc_schedule *schedule = measurement->schedule;
  size_t all = schedule->count * schedule->rounds;
  double a_run = schedule->seconds + schedule->warmup + 0.05;
  if (done > 0)
    a_run = measurement->elapsed_s / (double)done;
  char *name = gilloc_schedule_cell_name(cell);
  char *what = gilloc_message_format("%s: %s", gilloc_options_workload_name(cell->workload), name);
  gilloc_progress_show(done, all, a_run * (double)(all - done), what);
  free(name);
  free(what);
}

/* A row that hung once is not given the chance to take the lab's time again. */
static bool has_hung(const struct gilloc_measurement *measurement, size_t cell, unsigned rounds)
{
  for (unsigned round = 0; round < rounds; round++) {
    if (gilloc_measure_result(measurement, cell, round)->outcome == GILLOC_OUTCOME_HUNG)
      return true;
  }
  return false;
}

static void run_round(struct gilloc_measurement *measurement, const size_t *order, double begin)
{
  const struct gilloc_schedule *schedule = measurement->schedule;
  unsigned round = measurement->rounds_done;
  for (size_t i = 0; i < schedule->count; i++) {
    const struct gilloc_cell *cell = &schedule->cells[order[i]];
    if (has_hung(measurement, order[i], round))
      continue;
    size_t done = round * schedule->count + i;
    show_progress(measurement, done, cell);
    struct gilloc_result *result = result_at(measurement, order[i], round);
    *result = run_cell(measurement, cell);
    result->order = done;
    measurement->elapsed_s = now_s() - begin;
  }
}

/* How many verified results have one checksum; the text is a result's. */
struct tally {
  const char *checksum;
  size_t count;
};

/* Counts a checksum and returns the new size of the list. In a sound lab the list has one entry. */
static size_t count_checksum(struct tally **tallies, size_t size, const char *checksum)
{
  for (size_t i = 0; i < size; i++) {
    if (strcmp((*tallies)[i].checksum, checksum) == 0) {
      (*tallies)[i].count++;
      return size;
    }
  }
  *tallies = gilloc_message_need(realloc(*tallies, (size + 1) * sizeof **tallies));
  (*tallies)[size] = (struct tally){checksum, 1};
  return size + 1;
}

static bool is_verified(const struct gilloc_measurement *measurement, size_t index,
                        enum gilloc_workload_id workload)
{
  const struct gilloc_schedule *schedule = measurement->schedule;
  return schedule->cells[index / schedule->rounds].workload == workload &&
         measurement->results[index].outcome == GILLOC_OUTCOME_OK;
}

/* Of the verified results of a workload, the checksum that most have; the first in a draw. */
static const char *usual_checksum(const struct gilloc_measurement *measurement,
                                  enum gilloc_workload_id workload)
{
  struct tally *tallies = NULL;
  size_t size = 0;
  for (size_t i = 0; i < measurement->schedule->count * measurement->schedule->rounds; i++) {
    if (is_verified(measurement, i, workload))
      size = count_checksum(&tallies, size, measurement->results[i].checksum);
  }
  struct tally most = {NULL, 0};
  for (size_t i = 0; i < size; i++) {
    if (tallies[i].count > most.count)
      most = tallies[i];
  }
  free(tallies);
  return most.checksum;
}

static void compare_checksums(struct gilloc_measurement *measurement)
{
  const struct gilloc_schedule *schedule = measurement->schedule;
  for (enum gilloc_workload_id workload = 0; workload < GILLOC_WORKLOADS; workload++) {
    const char *usual = usual_checksum(measurement, workload);
    for (size_t i = 0; i < schedule->count * schedule->rounds && usual; i++) {
      struct gilloc_result *result = &measurement->results[i];
      if (is_verified(measurement, i, workload) && strcmp(result->checksum, usual) != 0)
        gilloc_result_spoil(
            result, GILLOC_OUTCOME_UNVERIFIED,
            gilloc_message_format("checksum %s where the others have %s", result->checksum, usual));
    }
  }
}

static double others_share(const struct gilloc_measurement *measurement)
{
  double others = 0;
  double wall = 0;
  for (size_t i = 0; i < measurement->schedule->count * measurement->schedule->rounds; i++) {
    others += measurement->results[i].others_s + measurement->results[i].stolen_s;
    wall += measurement->results[i].wall_s;
  }
  return wall > 0 ? others / (wall * measurement->machine->cores_online) : 0;
}

struct gilloc_measurement gilloc_measure(const struct gilloc_options *options,
                                         const struct gilloc_machine *machine,
                                         const struct gilloc_schedule *schedule)
{
  struct gilloc_measurement measurement = {.options = options, .machine = machine, .schedule = schedule};
  measurement.results =
      gilloc_message_need(calloc(schedule->count * schedule->rounds, sizeof *measurement.results));
  size_t *order = gilloc_message_need(calloc(schedule->count, sizeof *order));
  struct gilloc_prng prng = gilloc_prng_stream(options->seed, 0);
  gilloc_runner_catch_signals();
  double begin = now_s();
  double longest = 0;
  while (measurement.rounds_done < schedule->rounds) {
    double before = measurement.elapsed_s;
    if (schedule->limit > 0 && measurement.rounds_done > 0 && before + longest > schedule->limit)
      break;
    gilloc_prng_shuffle(&prng, order, schedule->count);
    run_round(&measurement, order, begin);
    measurement.rounds_done++;
    if (measurement.elapsed_s - before > longest)
      longest = measurement.elapsed_s - before;
  }
  gilloc_progress_wipe();
  free(order);
  measurement.others_share = others_share(&measurement);
  compare_checksums(&measurement);
  return measurement;
}

void gilloc_measure_fini(struct gilloc_measurement *measurement)
{
  for (size_t i = 0; i < measurement->schedule->count * measurement->schedule->rounds; i++)
    gilloc_result_fini(&measurement->results[i]);
  free(measurement->results);
  gilloc_timeline_fini(&measurement->timeline);
}
