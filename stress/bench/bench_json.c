/* SPDX-License-Identifier: MIT
 *
 * bench_json.c: composes the document. What is not known is null, never 0.
 */
#include "bench_json.h"

#include "message.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

enum { SCHEMA_VERSION = 1 };

static const char *const measure_names[GILLOC_BENCH_MEASURES] = {"time", "cpu", "peak", "settled"};

static json_t *number(double value)
{
  return isfinite(value) ? json_real(value) : json_null();
}

static json_t *whole(double value)
{
  return isfinite(value) ? json_integer((json_int_t)llround(value)) : json_null();
}

/* NULL, and text that is not UTF-8, which a path may be. */
static json_t *text(const char *value)
{
  if (!value)
    return json_null();
  json_t *string = json_string(value);
  return string ? string : json_string("(not UTF-8)");
}

static void set(json_t *object, const char *name, json_t *value)
{
  if (json_object_set_new(object, name, value) != 0)
    (void)gilloc_message_need(NULL);
}

static void append(json_t *array, json_t *value)
{
  if (json_array_append_new(array, value) != 0)
    (void)gilloc_message_need(NULL);
}

static json_t *make_machine(const struct gilloc_machine *machine)
{
  json_t *object = json_object();
  set(object, "cpu", text(machine->cpu));
  set(object, "cores_online", json_integer(machine->cores_online));
  set(object, "cores_usable", json_integer(machine->cores_usable));
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

static json_t *make_parameters(const struct gilloc_bench_options *options)
{
  json_t *object = json_object();
  set(object, "rounds", json_integer(options->rounds));
  set(object, "percent", json_integer(options->percent));
  set(object, "seed", json_integer((json_int_t)options->seed));
  set(object, "quick", json_boolean(options->quick));
  return object;
}

static json_t *make_allocators(const struct gilloc_bench_peers *peers)
{
  json_t *array = json_array();
  for (size_t i = 0; i < peers->count; i++) {
    json_t *object = json_object();
    set(object, "name", text(peers->items[i].name));
    set(object, "library", text(peers->items[i].library));
    set(object, "ours", json_boolean(peers->items[i].is_ours));
    append(array, object);
  }
  return array;
}

static json_t *make_run(const struct gilloc_bench_result *result, size_t round)
{
  json_t *object = json_object();
  bool ran = result->outcome != GILLOC_BENCH_MISSING;
  set(object, "round", json_integer((json_int_t)round));
  set(object, "outcome", text(gilloc_bench_outcome_name(result->outcome)));
  set(object, "detail", text(result->detail));
  set(object, "seconds", ran ? number(result->seconds) : json_null());
  set(object, "cpu_seconds", ran ? number(result->cpu_seconds) : json_null());
  set(object, "peak_bytes", ran ? whole(result->peak_bytes) : json_null());
  set(object, "settled_bytes", ran ? whole(result->settled_bytes) : json_null());
  set(object, "checksum", text(*result->checksum ? result->checksum : NULL));
  return object;
}

static json_t *make_ratio(const struct gilloc_ratio *ratio)
{
  json_t *object = json_object();
  set(object, "pairs", json_integer((json_int_t)ratio->pairs));
  set(object, "median", number(ratio->median));
  set(object, "low", number(ratio->low));
  set(object, "high", number(ratio->high));
  return object;
}

static json_t *make_cell(const struct gilloc_bench_summary *summary, size_t row, size_t allocator)
{
  const struct gilloc_bench_measurement *measurement = summary->measurement;
  const struct gilloc_bench_cell *cell = gilloc_bench_summary_cell(summary, row, allocator);
  json_t *object = json_object();
  set(object, "allocator", text(measurement->peers->items[allocator].name));
  set(object, "good", json_integer(cell->good));
  set(object, "bad", json_integer(cell->bad));
  set(object, "seconds", number(cell->median[GILLOC_BENCH_TIME]));
  set(object, "cpu_seconds", number(cell->median[GILLOC_BENCH_CPU]));
  set(object, "peak_bytes", whole(cell->median[GILLOC_BENCH_PEAK]));
  set(object, "settled_bytes", whole(cell->median[GILLOC_BENCH_SETTLED]));
  json_t *ratios = json_object();
  for (enum gilloc_bench_measure measure = 0; measure < GILLOC_BENCH_MEASURES; measure++)
    set(ratios, measure_names[measure], make_ratio(&cell->ratio[measure]));
  set(object, "ratios", allocator == 0 ? (json_decref(ratios), json_null()) : ratios);
  json_t *runs = json_array();
  for (size_t round = 0; round < measurement->options->rounds; round++)
    append(runs, make_run(gilloc_bench_result_at(measurement, (size_t[]){row, allocator, round}), round));
  set(object, "runs", runs);
  return object;
}

static json_t *make_row(const struct gilloc_bench_summary *summary, size_t number_of_row)
{
  const struct gilloc_bench_row *row = &summary->measurement->suite->rows[number_of_row];
  int best = summary->best[number_of_row];
  json_t *object = json_object();
  set(object, "name", text(row->name));
  set(object, "workload", text(row->workload));
  set(object, "group", text(gilloc_bench_group_name(row->group)));
  set(object, "threads", row->threads ? json_integer(row->threads) : json_null());
  set(object, "skipped", text(row->skipped));
  set(object, "best_other",
      best == GILLOC_BENCH_NOBODY ? json_null() : text(summary->measurement->peers->items[best].name));
  set(object, "lost", json_boolean(gilloc_bench_summary_is_lost(summary, number_of_row)));
  json_t *cells = json_array();
  for (size_t i = 0; i < summary->measurement->peers->count && !row->skipped; i++)
    append(cells, make_cell(summary, number_of_row, i));
  set(object, "allocators", cells);
  return object;
}

static json_t *make_mean(const struct gilloc_bench_summary *summary, enum gilloc_bench_group group,
                         int allocator)
{
  json_t *object = json_object();
  bool all = group == GILLOC_BENCH_GROUPS;
  set(object, "group", text(all ? "all" : gilloc_bench_group_name(group)));
  set(object, "allocator",
      text(allocator == GILLOC_BENCH_NOBODY ? "(best of each row)"
                                            : summary->measurement->peers->items[allocator].name));
  for (enum gilloc_bench_measure measure = 0; measure < GILLOC_BENCH_MEASURES; measure++) {
    struct gilloc_bench_mean mean = gilloc_bench_summary_mean(summary, measure, group, allocator);
    set(object, measure_names[measure], number(mean.ratio));
    if (measure == GILLOC_BENCH_TIME)
      set(object, "rows", json_integer((json_int_t)mean.rows));
  }
  return object;
}

static json_t *make_means(const struct gilloc_bench_summary *summary)
{
  json_t *array = json_array();
  for (enum gilloc_bench_group group = 0; group <= GILLOC_BENCH_GROUPS; group++) {
    append(array, make_mean(summary, group, GILLOC_BENCH_NOBODY));
    for (size_t i = 1; i < summary->measurement->peers->count; i++)
      append(array, make_mean(summary, group, (int)i));
  }
  return array;
}

char *gilloc_bench_json_make(const struct gilloc_bench_summary *summary)
{
  const struct gilloc_bench_measurement *measurement = summary->measurement;
  json_t *document = json_object();
  set(document, "schema", json_pack("{s:s, s:i}", "name", "gilloc-bench", "version", SCHEMA_VERSION));
  set(document, "gilloc", text(GILLOC_DRIVER_VERSION));
  set(document, "date", text(measurement->machine.date));
  set(document, "elapsed_s", number(measurement->elapsed_s));
  set(document, "rounds_done", json_integer(measurement->rounds_done));
  set(document, "verified", json_boolean(summary->verified));
  set(document, "machine", make_machine(&measurement->machine));
  set(document, "parameters", make_parameters(measurement->options));
  set(document, "allocators", make_allocators(measurement->peers));
  json_t *rows = json_array();
  for (size_t row = 0; row < measurement->suite->count; row++)
    append(rows, make_row(summary, row));
  set(document, "rows", rows);
  set(document, "means", make_means(summary));
  char *compact = gilloc_message_need(json_dumps(document, JSON_INDENT(1)));
  char *lines = gilloc_message_format("%s\n", compact);
  free(compact);
  json_decref(document);
  return lines;
}
