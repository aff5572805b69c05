/* SPDX-License-Identifier: MIT
 *
 * fidelity_json.c: composes the document. What is not known or does not apply is null, never 0.
 */
#include "fidelity_report.h"

#include "message.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMA_VERSION = 1 };

static json_t *number(double value)
{
  return isfinite(value) ? json_real(value) : json_null();
}

static json_t *text(const char *value)
{
  json_t *string = value ? json_string(value) : json_null();
  return string ? string : json_string("(not UTF-8)");
}

static void set(json_t *object, const char *name, json_t *value)
{
  if (json_object_set_new(object, name, value) != 0)
    gilloc_message_need(NULL);
}

static void append(json_t *array, json_t *value)
{
  if (json_array_append_new(array, value) != 0)
    gilloc_message_need(NULL);
}

static json_t *make_machine(const struct gilloc_machine *machine)
{
  json_t *object = json_object();
  json_t *load = json_array();
  for (size_t i = 0; i < 3; i++)
    append(load, number(machine->load[i]));
  set(object, "cpu", text(machine->cpu));
  set(object, "cores_online", json_integer(machine->cores_online));
  set(object, "cores_usable", json_integer(machine->cores_usable));
  set(object, "kernel", text(machine->kernel));
  set(object, "libc", text(machine->libc));
  set(object, "compiler", text(machine->compiler));
  set(object, "load_average", load);
  return object;
}

static json_t *make_python(const struct gilloc_fidelity_measurement *measurement)
{
  const struct gilloc_fidelity_programs *programs = measurement->programs;
  json_t *object = json_object();
  bool refers = measurement->reference != GILLOC_FIDELITY_NO_ROW;
  set(object, "found", json_boolean(programs->python != NULL));
  set(object, "path", text(programs->python));
  set(object, "version", text(programs->python_version));
  set(object, "missing", text(programs->python_missing));
  set(object, "policy", text(refers ? measurement->rows[measurement->reference] : NULL));
  return object;
}

static json_t *make_calibration(const struct gilloc_fidelity_calibration *calibration)
{
  json_t *object = json_object();
  set(object, "measured", json_boolean(calibration->measured));
  set(object, "spin_ns", number(calibration->spin));
  set(object, "countdown_ns", number(calibration->countdown));
  set(object, "countdown_once_ns", number(calibration->countdown_once));
  set(object, "hold_item_ns", number(calibration->hold_item));
  set(object, "release_byte_ns", number(calibration->release_byte));
  set(object, "io_call_ns", number(calibration->io_call));
  set(object, "step_ns", number(calibration->step));
  set(object, "loop_ns", number(calibration->loop));
  return object;
}

static json_t *make_parameters(const struct gilloc_fidelity_measurement *measurement)
{
  json_t *object = json_object();
  json_t *rows = json_array();
  json_t *experiments = json_array();
  for (size_t row = 0; row < measurement->row_count; row++)
    append(rows, text(measurement->rows[row]));
  for (enum gilloc_fidelity_experiment i = 0; i < GILLOC_FIDELITY_EXPERIMENTS; i++) {
    if (measurement->options->only[i])
      append(experiments, text(gilloc_fidelity_title(i)->name));
  }
  set(object, "rounds", json_integer(measurement->options->rounds));
  set(object, "quick", json_boolean(measurement->options->quick));
  char *seed = gilloc_message_format("%llu", (unsigned long long)measurement->options->seed);
  set(object, "seed", text(seed));
  free(seed);
  set(object, "rows", rows);
  set(object, "experiments", experiments);
  return object;
}

static json_t *make_ratio(const struct gilloc_ratio *ratio)
{
  if (ratio->pairs == 0)
    return json_null();
  json_t *object = json_object();
  bool interval = ratio->pairs >= GILLOC_SAMPLE_CLAIM_PAIRS;
  set(object, "median", number(ratio->median));
  set(object, "low", number(ratio->low));
  set(object, "high", number(ratio->high));
  set(object, "pairs", json_integer((json_int_t)ratio->pairs));
  set(object, "spread", text(interval ? "bootstrap 95 %" : "smallest and largest"));
  return object;
}

/* Every line NAME NUMBER that the programs of a run printed. */
static json_t *make_figures(const char *output)
{
  json_t *object = json_object();
  char *copy = gilloc_message_need(strdup(output));
  char *rest = copy;
  for (char *line; (line = strsep(&rest, "\n"));) {
    char *blank = strchr(line, ' ');
    if (!blank)
      continue;
    *blank = '\0';
    double value = gilloc_fidelity_find_figure(output, line);
    if (!isnan(value))
      set(object, line, number(value));
  }
  free(copy);
  return object;
}

static json_t *make_runs(const struct gilloc_fidelity_measurement *measurement, size_t cell, size_t row)
{
  json_t *array = json_array();
  for (size_t round = 0; round < measurement->options->rounds; round++) {
    const struct gilloc_fidelity_run *run = gilloc_fidelity_run_of(measurement, cell, (size_t[]){row, round});
    json_t *object = json_object();
    set(object, "value", number(run->value));
    set(object, "wall_s", number(run->wall_s));
    set(object, "failure", text(run->complaint));
    set(object, "figures", make_figures(run->figures));
    append(array, object);
  }
  return array;
}

static json_t *make_row(const struct gilloc_fidelity_measurement *measurement, size_t cell, size_t row)
{
  json_t *object = json_object();
  struct gilloc_fidelity_spread spread = gilloc_fidelity_spread(measurement, cell, row);
  struct gilloc_ratio ratio = {0, NAN, NAN, NAN}, loss = ratio, loss_ratio = ratio;
  const struct gilloc_fidelity_cell *what = gilloc_fidelity_cell(cell);
  bool is_python = (int)row == measurement->python;
  if (what->load == GILLOC_FIDELITY_LOAD_PINGPONG && what->threads > 0) {
    loss = gilloc_fidelity_loss(measurement, cell, row);
    if (!is_python)
      loss_ratio = gilloc_fidelity_loss_ratio(measurement, cell, row);
  }
  if (!is_python)
    ratio = gilloc_fidelity_ratio(measurement, cell, row);
  set(object, "row", text(measurement->rows[row]));
  set(object, "runs_good", json_integer((json_int_t)spread.count));
  set(object, "median", number(spread.median));
  set(object, "min", number(spread.least));
  set(object, "max", number(spread.most));
  set(object, "to_cpython", make_ratio(&ratio));
  set(object, "loss", make_ratio(&loss));
  set(object, "loss_to_cpython", make_ratio(&loss_ratio));
  set(object, "runs", make_runs(measurement, cell, row));
  return object;
}

static json_t *make_cell(const struct gilloc_fidelity_measurement *measurement, size_t index)
{
  const struct gilloc_fidelity_cell *cell = gilloc_fidelity_cell(index);
  json_t *object = json_object();
  json_t *rows = json_array();
  for (size_t row = 0; row < measurement->row_count; row++)
    append(rows, make_row(measurement, index, row));
  set(object, "experiment", text(gilloc_fidelity_title(cell->experiment)->name));
  set(object, "name", text(cell->name));
  set(object, "unit", text(gilloc_fidelity_title(cell->experiment)->unit));
  set(object, "interval_us", json_integer(cell->interval_us));
  set(object, "threads", json_integer(cell->threads));
  set(object, "kind", text(cell->kind));
  set(object, "rows", rows);
  return object;
}

static json_t *make_bar(const struct gilloc_fidelity_measurement *measurement)
{
  struct gilloc_fidelity_bar bar = gilloc_fidelity_bar(measurement);
  if (!bar.measured)
    return json_null();
  json_t *object = json_object();
  set(object, "pingpong_cells", json_integer(bar.cells));
  set(object, "pingpong_within_half_and_twice", json_integer(bar.within));
  set(object, "loss_cells", json_integer(bar.loss_cells));
  set(object, "loss_within_magnitude", json_integer(bar.loss_within));
  return object;
}

char *gilloc_fidelity_json_make(const struct gilloc_fidelity_measurement *measurement,
                                const struct gilloc_machine *machine)
{
  json_t *document = json_object();
  json_t *schema = json_object();
  json_t *cells = json_array();
  for (size_t cell = 0; cell < gilloc_fidelity_cell_count(); cell++) {
    if (measurement->options->only[gilloc_fidelity_cell(cell)->experiment])
      append(cells, make_cell(measurement, cell));
  }
  set(schema, "name", text("gilloc-fidelity"));
  set(schema, "version", json_integer(SCHEMA_VERSION));
  set(document, "schema", schema);
  set(document, "gilloc", text(GILLOC_DRIVER_VERSION));
  set(document, "date", text(machine->date));
  set(document, "elapsed_s", number(measurement->elapsed_s));
  set(document, "machine", make_machine(machine));
  set(document, "python", make_python(measurement));
  set(document, "parameters", make_parameters(measurement));
  set(document, "calibration", make_calibration(&measurement->calibration));
  set(document, "failures", json_integer(measurement->failures));
  set(document, "bar", make_bar(measurement));
  set(document, "cells", cells);
  char *dump = json_dumps(document, JSON_INDENT(2));
  json_decref(document);
  char *with_newline = gilloc_message_format("%s\n", (char *)gilloc_message_need(dump));
  free(dump);
  return with_newline;
}
