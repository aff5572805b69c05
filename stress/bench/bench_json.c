/* SPDX-License-Identifier: MIT
 *
 * bench_json.c: composes the document. What is not known is null, never 0.
 */
#include "bench_json.h"

#include "json_value.h"

enum { SCHEMA_VERSION = 1 };

static const char *const measure_names[GILLOC_BENCH_MEASURES] = {"time", "cpu", "peak", "settled"};

static json_t *make_parameters(const struct gilloc_bench_options *options)
{
  json_t *object = json_object();
  gilloc_json_set(object, "rounds", json_integer(options->rounds));
  gilloc_json_set(object, "percent", json_integer(options->percent));
  gilloc_json_set(object, "seed", json_integer((json_int_t)options->seed));
  gilloc_json_set(object, "quick", json_boolean(options->quick));
  return object;
}

static json_t *make_allocators(const struct gilloc_bench_peers *peers)
{
  json_t *array = json_array();
  for (size_t i = 0; i < peers->count; i++) {
    json_t *object = json_object();
    gilloc_json_set(object, "name", gilloc_json_text(peers->items[i].name));
    gilloc_json_set(object, "library", gilloc_json_text(peers->items[i].library));
    gilloc_json_set(object, "ours", json_boolean(peers->items[i].is_ours));
    gilloc_json_append(array, object);
  }
  return array;
}

static json_t *make_run(const struct gilloc_bench_result *result, size_t round)
{
  json_t *object = json_object();
  bool ran = result->outcome != GILLOC_BENCH_MISSING;
  gilloc_json_set(object, "round", json_integer((json_int_t)round));
  gilloc_json_set(object, "outcome", gilloc_json_text(gilloc_bench_outcome_name(result->outcome)));
  gilloc_json_set(object, "detail", gilloc_json_text(result->detail));
  gilloc_json_set(object, "seconds", ran ? gilloc_json_number(result->seconds) : json_null());
  gilloc_json_set(object, "cpu_seconds", ran ? gilloc_json_number(result->cpu_seconds) : json_null());
  gilloc_json_set(object, "peak_bytes", ran ? gilloc_json_whole(result->peak_bytes) : json_null());
  gilloc_json_set(object, "settled_bytes", ran ? gilloc_json_whole(result->settled_bytes) : json_null());
  gilloc_json_set(object, "checksum", gilloc_json_text(*result->checksum ? result->checksum : NULL));
  return object;
}

static json_t *make_ratio(const struct gilloc_ratio *ratio)
{
  json_t *object = json_object();
  gilloc_json_set(object, "pairs", json_integer((json_int_t)ratio->pairs));
  gilloc_json_set(object, "median", gilloc_json_number(ratio->median));
  gilloc_json_set(object, "low", gilloc_json_number(ratio->low));
  gilloc_json_set(object, "high", gilloc_json_number(ratio->high));
  return object;
}

static json_t *make_cell(const struct gilloc_bench_summary *summary, size_t row, size_t allocator)
{
  const struct gilloc_bench_measurement *measurement = summary->measurement;
  const struct gilloc_bench_cell *cell = gilloc_bench_summary_cell(summary, row, allocator);
  json_t *object = json_object();
  gilloc_json_set(object, "allocator", gilloc_json_text(measurement->peers->items[allocator].name));
  gilloc_json_set(object, "good", json_integer(cell->good));
  gilloc_json_set(object, "bad", json_integer(cell->bad));
  gilloc_json_set(object, "seconds", gilloc_json_number(cell->median[GILLOC_BENCH_TIME]));
  gilloc_json_set(object, "cpu_seconds", gilloc_json_number(cell->median[GILLOC_BENCH_CPU]));
  gilloc_json_set(object, "peak_bytes", gilloc_json_whole(cell->median[GILLOC_BENCH_PEAK]));
  gilloc_json_set(object, "settled_bytes", gilloc_json_whole(cell->median[GILLOC_BENCH_SETTLED]));
  json_t *ratios = json_object();
  for (enum gilloc_bench_measure measure = 0; measure < GILLOC_BENCH_MEASURES; measure++)
    gilloc_json_set(ratios, measure_names[measure], make_ratio(&cell->ratio[measure]));
  gilloc_json_set(object, "ratios", allocator == 0 ? (json_decref(ratios), json_null()) : ratios);
  json_t *runs = json_array();
  for (size_t round = 0; round < measurement->options->rounds; round++)
    gilloc_json_append(
        runs, make_run(gilloc_bench_result_at(measurement, (size_t[]){row, allocator, round}), round));
  gilloc_json_set(object, "runs", runs);
  return object;
}

static json_t *make_row(const struct gilloc_bench_summary *summary, size_t number_of_row)
{
  const struct gilloc_bench_row *row = &summary->measurement->suite->rows[number_of_row];
  int best = summary->best[number_of_row];
  json_t *object = json_object();
  gilloc_json_set(object, "name", gilloc_json_text(row->name));
  gilloc_json_set(object, "workload", gilloc_json_text(row->workload));
  gilloc_json_set(object, "group", gilloc_json_text(gilloc_bench_group_name(row->group)));
  gilloc_json_set(object, "threads", row->threads ? json_integer(row->threads) : json_null());
  gilloc_json_set(object, "skipped", gilloc_json_text(row->skipped));
  gilloc_json_set(object, "best_other",
                  best == GILLOC_BENCH_NOBODY
                      ? json_null()
                      : gilloc_json_text(summary->measurement->peers->items[best].name));
  gilloc_json_set(object, "lost", json_boolean(gilloc_bench_summary_is_lost(summary, number_of_row)));
  json_t *cells = json_array();
  for (size_t i = 0; i < summary->measurement->peers->count && !row->skipped; i++)
    gilloc_json_append(cells, make_cell(summary, number_of_row, i));
  gilloc_json_set(object, "allocators", cells);
  return object;
}

static json_t *make_mean(const struct gilloc_bench_summary *summary, enum gilloc_bench_group group,
                         int allocator)
{
  json_t *object = json_object();
  bool all = group == GILLOC_BENCH_GROUPS;
  gilloc_json_set(object, "group", gilloc_json_text(all ? "all" : gilloc_bench_group_name(group)));
  gilloc_json_set(object, "allocator",
                  gilloc_json_text(allocator == GILLOC_BENCH_NOBODY
                                       ? "(best of each row)"
                                       : summary->measurement->peers->items[allocator].name));
  for (enum gilloc_bench_measure measure = 0; measure < GILLOC_BENCH_MEASURES; measure++) {
    struct gilloc_bench_mean mean = gilloc_bench_summary_mean(summary, measure, group, allocator);
    gilloc_json_set(object, measure_names[measure], gilloc_json_number(mean.ratio));
    if (measure == GILLOC_BENCH_TIME)
      gilloc_json_set(object, "rows", json_integer((json_int_t)mean.rows));
  }
  return object;
}

static json_t *make_means(const struct gilloc_bench_summary *summary)
{
  json_t *array = json_array();
  for (enum gilloc_bench_group group = 0; group <= GILLOC_BENCH_GROUPS; group++) {
    gilloc_json_append(array, make_mean(summary, group, GILLOC_BENCH_NOBODY));
    for (size_t i = 1; i < summary->measurement->peers->count; i++)
      gilloc_json_append(array, make_mean(summary, group, (int)i));
  }
  return array;
}

char *gilloc_bench_json_make(const struct gilloc_bench_summary *summary)
{
  const struct gilloc_bench_measurement *measurement = summary->measurement;
  json_t *document = json_object();
  gilloc_json_set(document, "schema",
                  json_pack("{s:s, s:i}", "name", "gilloc-bench", "version", SCHEMA_VERSION));
  gilloc_json_set(document, "gilloc", gilloc_json_text(GILLOC_DRIVER_VERSION));
  gilloc_json_set(document, "date", gilloc_json_text(measurement->machine.date));
  gilloc_json_set(document, "elapsed_s", gilloc_json_number(measurement->elapsed_s));
  gilloc_json_set(document, "rounds_done", json_integer(measurement->rounds_done));
  gilloc_json_set(document, "verified", json_boolean(summary->verified));
  gilloc_json_set(document, "machine", gilloc_json_machine(&measurement->machine));
  gilloc_json_set(document, "parameters", make_parameters(measurement->options));
  gilloc_json_set(document, "allocators", make_allocators(measurement->peers));
  json_t *rows = json_array();
  for (size_t row = 0; row < measurement->suite->count; row++)
    gilloc_json_append(rows, make_row(summary, row));
  gilloc_json_set(document, "rows", rows);
  gilloc_json_set(document, "means", make_means(summary));
  return gilloc_json_print(document);
}
