/* SPDX-License-Identifier: MIT
 *
 * json.c: composes the document. What is not known or does not apply is null, never 0.
 */
#include "json.h"

#include "json_value.h"
#include "message.h"
#include "verdict.h"

#include <jansson.h>
#include <stdlib.h>

enum { SCHEMA_VERSION = 1 };

static json_t *make_names(char *const *names, size_t count)
{
  json_t *array = json_array();
  for (size_t i = 0; i < count; i++)
    gilloc_json_append(array, gilloc_json_text(names[i]));
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
    gilloc_json_append(workloads, gilloc_json_text(name));
    gilloc_json_set(rates, name, rate ? json_integer(rate) : json_null());
  }
  gilloc_json_set(object, "workloads", workloads);
  gilloc_json_set(object, "flavours", make_names(options->rows, options->row_count));
  gilloc_json_set(object, "rounds", json_integer(schedule->rounds));
  gilloc_json_set(object, "rounds_done", json_integer(measurement->rounds_done));
  gilloc_json_set(object, "seconds", gilloc_json_number(schedule->seconds));
  gilloc_json_set(object, "warmup", gilloc_json_number(schedule->warmup));
  gilloc_json_set(object, "rates", rates);
  gilloc_json_set(object, "interval_us", json_integer(options->interval_us));
  gilloc_json_set(object, "policy", gilloc_json_text(options->policy));
  /* As text: 64 bits do not fit every reader's numbers. */
  char *seed = gilloc_message_format("%llu", (unsigned long long)options->seed);
  gilloc_json_set(object, "seed", gilloc_json_text(seed));
  free(seed);
  gilloc_json_set(object, "quick", json_boolean(options->quick));
  gilloc_json_set(object, "inputs", make_names(options->inputs, options->input_count));
  gilloc_json_set(object, "trace", gilloc_json_text(options->trace));
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
  gilloc_json_set(object, "median", gilloc_json_number(ratio->median));
  gilloc_json_set(object, "low", gilloc_json_number(ratio->low));
  gilloc_json_set(object, "high", gilloc_json_number(ratio->high));
  gilloc_json_set(object, "pairs", json_integer((json_int_t)ratio->pairs));
  gilloc_json_set(object, "spread", gilloc_json_text(interval ? "bootstrap 95 %" : "smallest and largest"));
  gilloc_json_set(object, "finding", gilloc_json_text(findings[gilloc_sample_finding(ratio)]));
  return object;
}

static void set_cell(json_t *object, const struct gilloc_cell *cell)
{
  gilloc_json_set(object, "workload", gilloc_json_text(gilloc_options_workload_name(cell->workload)));
  gilloc_json_set(object, "row", gilloc_json_text(cell->row));
  gilloc_json_set(object, "threads", json_integer(cell->threads));
}

static json_t *make_row(const struct gilloc_cell *cell, const struct gilloc_row *row)
{
  json_t *object = json_object();
  bool has_delay = row->requests > 0;
  set_cell(object, cell);
  gilloc_json_set(object, "oversubscribed", json_boolean(cell->oversubscribed));
  gilloc_json_set(object, "unit", gilloc_json_text(gilloc_result_unit(cell->workload)));
  gilloc_json_set(object, "throughput", gilloc_json_number(row->throughput));
  gilloc_json_set(object, "baseline", json_boolean(row->is_baseline));
  gilloc_json_set(object, "ratio", make_ratio(&row->ratio));
  gilloc_json_set(object, "requests", has_delay ? gilloc_json_whole(row->requests) : json_null());
  gilloc_json_set(object, "lost", has_delay ? gilloc_json_whole(row->lost) : json_null());
  gilloc_json_set(object, "p50_ns", gilloc_json_whole(row->p50));
  gilloc_json_set(object, "p99_ns", gilloc_json_whole(row->p99));
  gilloc_json_set(object, "max_ns", gilloc_json_whole(row->max));
  gilloc_json_set(object, "peak_rss_bytes", gilloc_json_whole(row->peak_bytes));
  gilloc_json_set(object, "gil_waited_share", gilloc_json_number(row->waited_share));
  gilloc_json_set(object, "gil_holder_changes_per_s", gilloc_json_number(row->switches));
  gilloc_json_set(object, "evenness", gilloc_json_number(row->evenness));
  gilloc_json_set(object, "runs_good", json_integer(row->good));
  gilloc_json_set(object, "runs_bad", json_integer(row->bad));
  gilloc_json_set(object, "verified", json_boolean(row->bad == 0));
  return object;
}

static json_t *make_run(const struct gilloc_measurement *measurement, size_t cell, unsigned round)
{
  const struct gilloc_result *result = gilloc_measure_result(measurement, cell, round);
  json_t *object = json_object();
  set_cell(object, &measurement->schedule->cells[cell]);
  gilloc_json_set(object, "round", json_integer(round));
  gilloc_json_set(object, "order", json_integer((json_int_t)result->order));
  gilloc_json_set(object, "outcome", gilloc_json_text(gilloc_result_outcome_name(result->outcome)));
  gilloc_json_set(object, "detail", gilloc_json_text(result->detail));
  gilloc_json_set(object, "wall_s", gilloc_json_number(result->wall_s));
  gilloc_json_set(object, "stolen_s", gilloc_json_number(result->stolen_s));
  gilloc_json_set(object, "others_s", gilloc_json_number(result->others_s));
  gilloc_json_set(object, "report", result->report ? json_incref(result->report) : json_null());
  return object;
}

static json_t *make_runs(const struct gilloc_measurement *measurement)
{
  json_t *array = json_array();
  for (size_t cell = 0; cell < measurement->schedule->count; cell++) {
    for (unsigned round = 0; round < measurement->rounds_done; round++)
      gilloc_json_append(array, make_run(measurement, cell, round));
  }
  return array;
}

static json_t *make_rows(const struct gilloc_summary *summary)
{
  json_t *array = json_array();
  for (size_t i = 0; i < summary->measurement->schedule->count; i++)
    gilloc_json_append(array, make_row(&summary->measurement->schedule->cells[i], &summary->rows[i]));
  return array;
}

static json_t *make_verdicts(const struct gilloc_summary *summary)
{
  json_t *object = json_object();
  for (enum gilloc_workload_id workload = 0; workload < GILLOC_WORKLOADS; workload++) {
    if (!summary->measurement->options->workloads[workload])
      continue;
    char *verdict = gilloc_verdict_make(summary, workload);
    gilloc_json_set(object, gilloc_options_workload_name(workload), gilloc_json_text(verdict));
    free(verdict);
  }
  return object;
}

char *gilloc_json_make(const struct gilloc_summary *summary)
{
  const struct gilloc_measurement *measurement = summary->measurement;
  json_t *document = json_object();
  json_t *schema = json_object();
  gilloc_json_set(schema, "name", gilloc_json_text("gilloc-lab"));
  gilloc_json_set(schema, "version", json_integer(SCHEMA_VERSION));
  gilloc_json_set(document, "schema", schema);
  gilloc_json_set(document, "gilloc", gilloc_json_text(GILLOC_DRIVER_VERSION));
  gilloc_json_set(document, "date", gilloc_json_text(measurement->machine->date));
  gilloc_json_set(document, "elapsed_s", gilloc_json_number(measurement->elapsed_s));
  gilloc_json_set(document, "others_share", gilloc_json_number(measurement->others_share));
  gilloc_json_set(document, "machine", gilloc_json_machine(measurement->machine));
  gilloc_json_set(document, "parameters", make_parameters(measurement));
  gilloc_json_set(document, "verified", json_boolean(summary->verified));
  gilloc_json_set(document, "verdicts", make_verdicts(summary));
  gilloc_json_set(document, "rows", make_rows(summary));
  gilloc_json_set(document, "runs", make_runs(measurement));
  return gilloc_json_print(document);
}
