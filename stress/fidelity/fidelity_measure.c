/* SPDX-License-Identifier: MIT
 *
 * fidelity_measure.c: the rounds, and the arguments of each run. Both kinds of worker are given the same
 * arguments, and each takes what it has a use for.
 */
#include "fidelity_measure.h"

#include "message.h"
#include "prng.h"
#include "progress.h"
#include "runner.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  ARGUMENTS_MAX = 40,
  STARVED_AFTER = 4, /* times the measured time, spinners that hold let the thread through that stops them */
  TICKS_CHECKS = 8   /* operations of CPython 2.7 that count, in one iteration of a spinner */
};
static const uint64_t memory_limit = UINT64_C(2) << 30;

struct command {
  char *argv[ARGUMENTS_MAX + 1];
  size_t count;
};

/* How long and how much, which --quick makes less. */
struct size {
  unsigned ms, warm_ms, hold_ms, give_up_ms, ping_us;
  uint64_t iterations;
  bool once; /* the countdown is one call */
};

static struct size size_of(const struct gilloc_fidelity_cell *cell, bool quick)
{
  bool latency = cell->experiment == GILLOC_FIDELITY_LATENCY;
  bool fairness = cell->experiment == GILLOC_FIDELITY_FAIRNESS;
  struct size size = {quick ? 80 : 400,
                      quick ? 15 : 60,
                      1,
                      0,
                      quick ? 10000 : 20000,
                      quick ? 1000000 : 6000000,
                      cell->experiment == GILLOC_FIDELITY_COUNTDOWN};
  if (latency) {
    size.ms = quick ? 120 : 600;
    if (strcmp(cell->kind, "hold") == 0) {
      size.ping_us *= 3;
      size.hold_ms = quick ? 10 : 20;
      size.give_up_ms = quick ? 400 : 2000;
    }
  }
  if (fairness)
    size.ms = quick ? 150 : 800;
  if (cell->experiment == GILLOC_FIDELITY_THROUGHPUT)
    size.give_up_ms = STARVED_AFTER * (size.ms + size.warm_ms);
  return size;
}

static void add(struct command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct command *command, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  char *text = NULL;
  if (vasprintf(&text, format, arguments) < 0)
    text = NULL;
  va_end(arguments);
  gilloc_message_need(text);
  if (command->count == ARGUMENTS_MAX)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "fidelity: too many arguments for a worker");
  command->argv[command->count++] = text;
}

static void add_count(struct command *command, const char *key, double count)
{
  add(command, "%s=%.0f", key, fmax(count, 1));
}

static void add_work(struct command *command, const struct gilloc_fidelity_calibration *calibration,
                     const struct size *size)
{
  const struct gilloc_fidelity_calibration *c = calibration;
  double hold_ns = size->hold_ms * 1e6;
  add_count(command, "spin_steps", (c->spin - c->loop) / c->step);
  add_count(command, "countdown_steps",
            ((size->once ? c->countdown_once : c->countdown) - c->loop) / c->step);
  add_count(command, "hold_steps", hold_ns / c->step);
  add_count(command, "hold_items", hold_ns / c->hold_item);
  add_count(command, "release_steps", 1e6 / c->step);
  add_count(command, "release_bytes", 1e6 / c->release_byte);
  add_count(command, "io_steps", c->io_call / c->step);
  add_count(command, "iterations", (double)size->iterations);
  add_count(command, "burst_iterations", 1e6 / c->countdown);
  add_count(command, "burst_ns", 1e6);
  add_count(command, "spin_ps", c->spin * 1e3);
}

static struct command make_command(const struct gilloc_fidelity_measurement *measurement,
                                   const struct gilloc_fidelity_cell *cell, size_t row)
{
  const struct gilloc_fidelity_programs *programs = measurement->programs;
  struct size size = size_of(cell, measurement->options->quick);
  struct command command = {.count = 0};
  if (cell->load != GILLOC_FIDELITY_LOAD_NONE) {
    bool pings = cell->load == GILLOC_FIDELITY_LOAD_PINGS;
    add(&command, "%s", programs->peer);
    add(&command, "%s", pings ? "latency" : "pingpong");
    add(&command, "%u", pings ? size.ping_us : cell->bytes);
    add(&command, "%u", size.ms);
    add(&command, "%u", size.warm_ms);
  }
  if ((int)row == measurement->python) {
    add(&command, "%s", programs->python);
    add(&command, "-ESB");
    add(&command, "%s/real_%s.py", programs->scripts, cell->program);
  } else {
    add(&command, "%s", programs->worker);
    add(&command, "%s", cell->program);
    add(&command, "policy=%s", measurement->rows[row]);
    add(&command, "checks=%d", strcmp(measurement->rows[row], "ticks") == 0 ? TICKS_CHECKS : 1);
  }
  add(&command, "kind=%s", cell->kind);
  add(&command, "interval_us=%u", cell->interval_us);
  add(&command, "threads=%u", cell->threads);
  add(&command, "ms=%u", size.ms);
  add(&command, "warm_ms=%u", size.warm_ms);
  add(&command, "give_up_ms=%u", size.give_up_ms);
  add_work(&command, &measurement->calibration, &size);
  return command;
}

static char *describe(const struct gilloc_runner_end *end)
{
  const char *said = *end->complaint ? end->complaint : "without a word";
  switch (end->fate) {
  case GILLOC_RUNNER_HUNG:
    return gilloc_message_format("hung, killed after %.0f s", end->wall_s);
  case GILLOC_RUNNER_BLOATED:
    return gilloc_message_format("killed for its use of memory");
  case GILLOC_RUNNER_SIGNALLED:
    return gilloc_message_format("ended by signal %d: %s", end->value, said);
  default:
    return gilloc_message_format("ended with status %d: %s", end->value, said);
  }
}

static struct gilloc_fidelity_run *place(const struct gilloc_fidelity_measurement *measurement, size_t cell,
                                         const size_t row_and_round[2])
{
  size_t index = (cell * measurement->row_count + row_and_round[0]) * measurement->options->rounds;
  return &measurement->runs[index + row_and_round[1]];
}

static void run_once(struct gilloc_fidelity_measurement *measurement, size_t index,
                     const size_t row_and_round[2])
{
  const struct gilloc_fidelity_cell *cell = gilloc_fidelity_cell(index);
  struct command command = make_command(measurement, cell, row_and_round[0]);
  struct gilloc_runner_end end =
      gilloc_runner_run(command.argv, measurement->options->quick ? 15 : 45, memory_limit);
  gilloc_runner_die_by_signal();
  struct gilloc_fidelity_run *run = place(measurement, index, row_and_round);
  *run = (struct gilloc_fidelity_run){.value = NAN, .figures = end.output, .wall_s = end.wall_s};
  if (end.fate != GILLOC_RUNNER_EXITED || end.value != 0)
    run->complaint = describe(&end);
  else if (isnan(run->value = gilloc_fidelity_find_figure(end.output, cell->metric)))
    run->complaint = gilloc_message_format("did not print its %s", cell->metric);
  measurement->failures += run->complaint != NULL;
  free(end.complaint);
  for (size_t i = 0; i < command.count; i++)
    free(command.argv[i]);
}

static double now_s(void)
{
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

struct progress {
  size_t done, all;
  double begin_s;
};

static void show(const struct progress *progress, const struct gilloc_fidelity_cell *cell, const char *row)
{
  double took = now_s() - progress->begin_s;
  double each = progress->done > 0 ? took / (double)progress->done : 0.5;
  char *what =
      gilloc_message_format("%s, %s, %s", gilloc_fidelity_title(cell->experiment)->name, cell->name, row);
  gilloc_progress_show(progress->done, progress->all, each * (double)(progress->all - progress->done), what);
  free(what);
}

static void run_round(struct gilloc_fidelity_measurement *measurement, size_t round,
                      struct progress *progress)
{
  size_t cells = gilloc_fidelity_cell_count();
  size_t rows[GILLOC_FIDELITY_POLICIES_MAX + 1];
  size_t *order = gilloc_message_need(calloc(cells, sizeof *order));
  struct gilloc_prng prng = gilloc_prng_stream(measurement->options->seed, round + 1);
  gilloc_prng_shuffle(&prng, order, cells);
  for (size_t i = 0; i < cells; i++) {
    const struct gilloc_fidelity_cell *cell = gilloc_fidelity_cell(order[i]);
    if (!measurement->options->only[cell->experiment])
      continue;
    gilloc_prng_shuffle(&prng, rows, measurement->row_count);
    for (size_t j = 0; j < measurement->row_count; j++) {
      show(progress, cell, measurement->rows[rows[j]]);
      run_once(measurement, order[i], (size_t[]){rows[j], round});
      progress->done++;
    }
  }
  free(order);
}

static void choose_rows(struct gilloc_fidelity_measurement *measurement)
{
  const struct gilloc_fidelity_programs *programs = measurement->programs;
  const char *own = programs->python_ticks ? "ticks" : "interval";
  measurement->python = measurement->reference = GILLOC_FIDELITY_NO_ROW;
  if (programs->python) {
    measurement->python = 0;
    measurement->rows[measurement->row_count++] = "cpython";
  }
  for (size_t i = 0; i < programs->policy_count; i++) {
    if (!measurement->options->policies[i])
      continue;
    if (programs->python && strcmp(programs->policies[i], own) == 0)
      measurement->reference = (int)measurement->row_count;
    measurement->rows[measurement->row_count++] = programs->policies[i];
  }
}

struct gilloc_fidelity_measurement gilloc_fidelity_measure(const struct gilloc_fidelity_options *options,
                                                           const struct gilloc_fidelity_programs *programs)
{
  struct gilloc_fidelity_measurement measurement = {.options = options, .programs = programs};
  struct progress progress = {.begin_s = now_s()};
  gilloc_runner_catch_signals();
  choose_rows(&measurement);
  size_t cells = 0;
  for (size_t i = 0; i < gilloc_fidelity_cell_count(); i++)
    cells += options->only[gilloc_fidelity_cell(i)->experiment];
  progress.all = cells * measurement.row_count * options->rounds;
  measurement.runs = gilloc_message_need(calloc(
      gilloc_fidelity_cell_count() * measurement.row_count * options->rounds, sizeof *measurement.runs));
  measurement.calibration = gilloc_fidelity_calibrate(programs);
  for (size_t round = 0; round < options->rounds; round++)
    run_round(&measurement, round, &progress);
  gilloc_progress_wipe();
  measurement.elapsed_s = now_s() - progress.begin_s;
  return measurement;
}

void gilloc_fidelity_measurement_fini(struct gilloc_fidelity_measurement *measurement)
{
  size_t runs = gilloc_fidelity_cell_count() * measurement->row_count * measurement->options->rounds;
  for (size_t i = 0; i < runs; i++) {
    free(measurement->runs[i].figures);
    free(measurement->runs[i].complaint);
  }
  free(measurement->runs);
}

const struct gilloc_fidelity_run *gilloc_fidelity_run_of(
    const struct gilloc_fidelity_measurement *measurement, size_t cell, const size_t row_and_round[2])
{
  return place(measurement, cell, row_and_round);
}
