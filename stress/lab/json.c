/* SPDX-License-Identifier: MIT
 *
 * json.c: composes the document. What is not known or does not apply is null, never 0.
 */
#include "json.h"

#include "message.h"
#include "verdict.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMA_VERSION = 1 };

static json_t *number(double value)
{
  return isfinite(value) ? json_real(value) : json_null();
}

static json_t *whole(double value)
{
  return isfinite(value) ? json_integer((json_int_t)llround(value)) : json_null();
}

/* jansson's constructors give NULL for text that is not UTF-8; a path may be such text. */
static json_t *text(const char *value)
{
  json_t *string = json_string(value);
  return string ? string : json_string("(not UTF-8)");
}

/* Sets a field and gives the value's reference away. */
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
  set(object, "cpu", text(machine->cpu));
  set(object, "cores_online", json_integer(machine->cores_online));
  set(object, "cores_usable", json_integer(machine->cores_usable));
  set(object, "pinning", text(machine->cores_usable < machine->cores_online ? "inherited" : "none"));
  set(object, "governor", text(machine->governor));
  set(object, "kernel", text(machine->kernel));
  set(object, "libc", text(machine->libc));
  set(object, "compiler", text(machine->compiler));
  set(object, "page_size", json_integer((json_int_t)machine->page_size));
  set(object, "memory_bytes", json_integer((json_int_t)machine->memory));
  set(object, "transparent_huge_pages", text(machine->huge_pages));
  json_t *load = json_array();
  for (size_t i = 0; i < 3; i++)
    append(load, number(machine->load[i]));
  set(object, "load_average", load);
  return object;
}

static json_t *make_names(char *const *names, size_t count)
{
  json_t *array = json_array();
  for (size_t i = 0; i < count; i++)
    append(array, text(names[i]));
  return array;
}

static json_t *make_parameters(const struct gilloc_measurement *measurement)
{
  const struct gilloc_options *options = measurement->options;
  const struct gilloc_schedule *schedule = measurement->schedule;
  json_t *object = json_object();
  json_t *rates = json_object();
  json_t *workloads = json_array();
  for (enum gilloc_workload_id workload = 0; workload < GILLOC_WORKLOADS; workload++) {
    if (!options->workloads[workload])
      continue;
    const char *name = gilloc_options_workload_name(workload);
    unsigned rate = gilloc_schedule_rate(options, workload);
    append(workloads, text(name));
    set(rates, name, rate ? json_integer(rate) : json_null());
  }
  set(object, "workloads", workloads);
  set(object, "flavours", make_names(options->rows, options->row_count));
  set(object, "rounds", json_integer(schedule->rounds));
  set(object, "rounds_done", json_integer(measurement->rounds_done));
  set(object, "seconds", number(schedule->seconds));
  set(object, "warmup", number(schedule->warmup));
  set(object, "rates", rates);
  set(object, "interval_us", json_integer(options->interval_us));
  set(object, "policy", text(options->policy));
  /* As text: 64 bits do not fit every reader's numbers. */
  char *seed = gilloc_message_format("%llu", (unsigned long long)options->seed);
  set(object, "seed", text(seed));
  free(seed);
  set(object, "quick", json_boolean(options->quick));
  set(object, "inputs", make_names(options->inputs, options->input_count));
  set(object, "trace", options->trace ? text(options->trace) : json_null());
  return object;
}

static json_t *make_ratio(const struct gilloc_ratio *ratio)
{
  static const char *const findings[] = {[GILLOC_FINDING_NONE] = "nothing to compare",
                                         [GILLOC_FINDING_FEW] = "too few pairs",
                                         [GILLOC_FINDING_SAME] = "no difference shown",
                                         [GILLOC_FINDING_LESS] = "less",
                                         [GILLOC_FINDING_GREATER] = "greater"};
  json_t *object = json_object();
  bool interval = ratio->pairs >= GILLOC_SAMPLE_CLAIM_PAIRS;
  set(object, "median", number(ratio->median));
  set(object, "low", number(ratio->low));
  set(object, "high", number(ratio->high));
  set(object, "pairs", json_integer((json_int_t)ratio->pairs));
  set(object, "spread", text(interval ? "bootstrap 95 %" : "smallest and largest"));
  set(object, "finding", text(findings[gilloc_sample_finding(ratio)]));
  return object;
}

static void set_cell(json_t *object, const struct gilloc_cell *cell)
{
  set(object, "workload", text(gilloc_options_workload_name(cell->workload)));
  set(object, "row", text(cell->row));
  set(object, "threads", json_integer(cell->threads));
}

static json_t *make_row(const struct gilloc_cell *cell, const struct gilloc_row *row)
{
  json_t *object = json_object();
  bool has_delay = row->requests > 0;
  set_cell(object, cell);
  set(object, "oversubscribed", json_boolean(cell->oversubscribed));
  set(object, "unit", text(gilloc_result_unit(cell->workload)));
  set(object, "throughput", number(row->throughput));
  set(object, "baseline", json_boolean(row->is_baseline));
  set(object, "ratio", make_ratio(&row->ratio));
  set(object, "requests", has_delay ? whole(row->requests) : json_null());
  set(object, "lost", has_delay ? whole(row->lost) : json_null());
  set(object, "p50_ns", whole(row->p50));
  set(object, "p99_ns", whole(row->p99));
  set(object, "max_ns", whole(row->max));
  set(object, "peak_rss_bytes", whole(row->peak_bytes));
  set(object, "gil_waited_share", number(row->waited_share));
  set(object, "gil_holder_changes_per_s", number(row->switches));
  set(object, "evenness", number(row->evenness));
  set(object, "runs_good", json_integer(row->good));
  set(object, "runs_bad", json_integer(row->bad));
  set(object, "verified", json_boolean(row->bad == 0));
  return object;
}

static json_t *make_run(const struct gilloc_measurement *measurement, size_t cell, unsigned round)
{
  const struct gilloc_result *result = gilloc_measure_result(measurement, cell, round);
  json_t *object = json_object();
  set_cell(object, &measurement->schedule->cells[cell]);
  set(object, "round", json_integer(round));
  set(object, "order", json_integer((json_int_t)result->order));
  set(object, "outcome", text(gilloc_result_outcome_name(result->outcome)));
  set(object, "detail", result->detail ? text(result->detail) : json_null());
  set(object, "wall_s", number(result->wall_s));
  set(object, "stolen_s", number(result->stolen_s));
  set(object, "others_s", number(result->others_s));
  set(object, "report", result->report ? json_incref(result->report) : json_null());
  return object;
}

static json_t *make_runs(const struct gilloc_measurement *measurement)
{
  json_t *array = json_array();
  for (size_t cell = 0; cell < measurement->schedule->count; cell++) {
    for (unsigned round = 0; round < measurement->rounds_done; round++)
      append(array, make_run(measurement, cell, round));
  }
  return array;
}

static json_t *make_rows(const struct gilloc_summary *summary)
{
  json_t *array = json_array();
  for (size_t i = 0; i < summary->measurement->schedule->count; i++)
    append(array, make_row(&summary->measurement->schedule->cells[i], &summary->rows[i]));
  return array;
}

static json_t *make_verdicts(const struct gilloc_summary *summary)
{
  json_t *object = json_object();
  for (enum gilloc_workload_id workload = 0; workload < GILLOC_WORKLOADS; workload++) {
    if (!summary->measurement->options->workloads[workload])
      continue;
    char *verdict = gilloc_verdict_make(summary, workload);
    set(object, gilloc_options_workload_name(workload), text(verdict));
    free(verdict);
  }
  return object;
}

char *gilloc_json_make(const struct gilloc_summary *summary)
{
  const struct gilloc_measurement *measurement = summary->measurement;
  json_t *document = json_object();
  json_t *schema = json_object();
  set(schema, "name", text("gilloc-lab"));
  set(schema, "version", json_integer(SCHEMA_VERSION));
  set(document, "schema", schema);
  set(document, "gilloc", text(GILLOC_DRIVER_VERSION));
  set(document, "date", text(measurement->machine->date));
  set(document, "elapsed_s", number(measurement->elapsed_s));
  set(document, "others_share", number(measurement->others_share));
  set(document, "machine", make_machine(measurement->machine));
  set(document, "parameters", make_parameters(measurement));
  set(document, "verified", json_boolean(summary->verified));
  set(document, "verdicts", make_verdicts(summary));
  set(document, "rows", make_rows(summary));
  set(document, "runs", make_runs(measurement));
  char *dump = json_dumps(document, JSON_INDENT(2));
  json_decref(document);
  gilloc_message_need(dump);
  char *with_newline = gilloc_message_format("%s\n", dump);
  free(dump);
  return with_newline;
}
