/* SPDX-License-Identifier: MIT
 *
 * worker_json.c: see worker_json.h. jansson owns the memory; a failed allocation in it makes a NULL that
 * every later call passes on, so only the end is checked.
 */
#include "worker_json.h"

#include <gilloc/gilloc.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

static json_t *whole(uint64_t value)
{
  return json_integer((json_int_t)value);
}

static const char *role_name(enum gilloc_role role)
{
  static const char *const names[] = {"cpu", "service", "alloc"};
  return names[role];
}

static json_t *flavour_object(void)
{
  struct gilloc_flavour flavour = gilloc_flavour();
  return json_pack("{s:s, s:s, s:s}", "strategy", flavour.strategy, "lock", flavour.lock, "geometry",
                   flavour.geometry);
}

static json_t *lane_array(const struct gilloc_lanes *lanes, unsigned total)
{
  json_t *array = json_array();
  for (unsigned i = 0; i < total; i++)
    json_array_append_new(array, json_pack("{s:s, s:o, s:o}", "role", role_name(lanes->lanes[i].role),
                                           "units", whole(lanes->windows[i].units), "cpu_ns",
                                           whole(lanes->windows[i].cpu_ns)));
  return array;
}

static json_t *latency_object(const struct gilloc_outcome *outcome)
{
  const struct gilloc_latency *latency = &outcome->load.latency;
  if (!outcome->has_load)
    return json_null();
  json_t *object = json_object();
  json_object_set_new(object, "count", whole(latency->count));
  json_object_set_new(object, "p50", whole(latency->p50));
  json_object_set_new(object, "p90", whole(latency->p90));
  json_object_set_new(object, "p99", whole(latency->p99));
  json_object_set_new(object, "p999", whole(latency->p999));
  json_object_set_new(object, "max", whole(latency->max));
  json_object_set_new(object, "mean", whole(latency->mean));
  json_object_set_new(object, "sent", whole(latency->sent));
  json_object_set_new(object, "lost", whole(latency->lost));
  return object;
}

static json_t *gil_object(const struct gilloc_gil_counters *gil)
{
  json_t *object = json_object();
  json_object_set_new(object, "acquisitions", whole(gil->acquisitions));
  json_object_set_new(object, "holder_changes", whole(gil->holder_changes));
  json_object_set_new(object, "forced_drops", whole(gil->forced_drops));
  json_object_set_new(object, "waited_ns", whole(gil->waited_ns));
  json_object_set_new(object, "held_ns", whole(gil->held_ns));
  return object;
}

static uint64_t units_of_main_role(const struct gilloc_lanes *lanes, unsigned total)
{
  uint64_t units = 0;
  for (unsigned i = 0; i < total; i++)
    if (lanes->lanes[i].role == lanes->workload->role)
      units += lanes->windows[i].units;
  return units;
}

static void set_identity(json_t *object, const struct gilloc_outcome *outcome)
{
  const struct gilloc_plan *plan = outcome->lanes->plan;
  json_object_set_new(object, "protocol", json_integer(GILLOC_PROTOCOL_VERSION));
  json_object_set_new(object, "row", json_string(outcome->row));
  json_object_set_new(object, "flavour", flavour_object());
  json_object_set_new(object, "workload", json_string(plan->workload));
  json_object_set_new(object, "threads", json_integer(plan->forks ? 1 : (json_int_t)plan->lanes));
  json_object_set_new(object, "processes", json_integer(plan->forks ? (json_int_t)plan->lanes : 0));
}

static void set_results(json_t *object, const struct gilloc_outcome *outcome)
{
  const struct gilloc_lanes *lanes = outcome->lanes;
  unsigned total = gilloc_lanes_total(lanes->workload, lanes->plan);
  char checksum[19];
  snprintf(checksum, sizeof checksum, "0x%016" PRIx64, outcome->checksum);
  json_object_set_new(object, "seconds", json_real(outcome->window.seconds));
  json_object_set_new(object, "unit", json_string(lanes->workload->unit));
  json_object_set_new(object, "units", whole(units_of_main_role(lanes, total)));
  json_object_set_new(object, "verified", json_boolean(outcome->verified));
  json_object_set_new(object, "checksum", json_string(checksum));
  json_object_set_new(object, "per_thread", lane_array(lanes, total));
  json_object_set_new(object, "latency_ns", latency_object(outcome));
}

static void set_costs(json_t *object, const struct gilloc_window *window)
{
  json_object_set_new(object, "peak_rss_bytes", whole(window->peak_rss_bytes));
  json_object_set_new(object, "gil", gil_object(&window->gil));
  json_object_set_new(object, "context_switches",
                      json_pack("{s:o, s:o}", "voluntary", whole(window->voluntary_switches), "involuntary",
                                whole(window->involuntary_switches)));
  json_object_set_new(
      object, "cpu_ns",
      json_pack("{s:o, s:o}", "user", whole(window->user_ns), "system", whole(window->system_ns)));
}

bool gilloc_worker_json_print(const struct gilloc_outcome *outcome)
{
  json_t *object = json_object();
  set_identity(object, outcome);
  set_results(object, outcome);
  set_costs(object, &outcome->window);
  bool good = json_dumpf(object, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF && fflush(stdout) == 0;
  json_decref(object);
  if (!good)
    fprintf(stderr, "gilloc-worker: standard output does not take the result\n");
  return good;
}
