/* SPDX-License-Identifier: MIT
 *
 * result.c: a worker's JSON, read with suspicion: a report that lacks a field or has it in another type
 * is a failed run, not a zero.
 */
#include "result.h"

#include "message.h"
#include "protocol.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const outcome_names[GILLOC_OUTCOMES] = {[GILLOC_OUTCOME_MISSING] = "not run",
                                                           [GILLOC_OUTCOME_OK] = "ok",
                                                           [GILLOC_OUTCOME_UNVERIFIED] = "unverified",
                                                           [GILLOC_OUTCOME_CRASHED] = "crashed",
                                                           [GILLOC_OUTCOME_HUNG] = "hung",
                                                           [GILLOC_OUTCOME_BLOATED] = "bloated",
                                                           [GILLOC_OUTCOME_REFUSED] = "refused",
                                                           [GILLOC_OUTCOME_FAILED] = "failed"};

static const char *const units[GILLOC_WORKLOADS] = {"words", "requests", "words", "operations", "operations"};

const char *gilloc_result_outcome_name(enum gilloc_outcome outcome)
{
  return outcome_names[outcome];
}

const char *gilloc_result_unit(enum gilloc_workload_id workload)
{
  return units[workload];
}

void gilloc_result_spoil(struct gilloc_result *result, enum gilloc_outcome outcome, char *detail)
{
  free(result->detail);
  result->outcome = outcome;
  result->detail = detail;
}

void gilloc_result_fini(struct gilloc_result *result)
{
  free(result->detail);
  json_decref(result->report);
}

/* The report's fields, read one after another; the first that is wrong is remembered. */
struct reader {
  const char *wrong;
};

static double read_number(struct reader *reader, const json_t *object, const char *name)
{
  const json_t *value = json_object_get(object, name);
  double number = json_number_value(value);
  if (json_is_number(value) && number >= 0 && isfinite(number))
    return number;
  if (!reader->wrong)
    reader->wrong = name;
  return NAN;
}

static void read_text(struct reader *reader, const json_t *object, const char *name, char *copy)
{
  const char *text = json_string_value(json_object_get(object, name));
  if (text && *text && strlen(text) < GILLOC_CHECKSUM_MAX)
    memcpy(copy, text, strlen(text) + 1);
  else if (!reader->wrong)
    reader->wrong = name;
}

static void read_latency(struct reader *reader, const json_t *report, struct gilloc_delay *latency)
{
  const json_t *object = json_object_get(report, "latency_ns");
  if (json_is_null(object))
    return;
  latency->count = read_number(reader, object, "count");
  latency->p50 = read_number(reader, object, "p50");
  latency->p99 = read_number(reader, object, "p99");
  latency->max = read_number(reader, object, "max");
  latency->lost = read_number(reader, object, "lost");
}

/* A lone thread never lets go of the GIL, so that it was not taken says nothing about its being there. */
static void read_gil(struct reader *reader, struct gilloc_result *result, double seconds)
{
  const json_t *gil = json_object_get(result->report, "gil");
  const char *strategy =
      json_string_value(json_object_get(json_object_get(result->report, "flavour"), "strategy"));
  double waited = read_number(reader, gil, "waited_ns");
  double changes = read_number(reader, gil, "holder_changes");
  double threads = (double)json_array_size(json_object_get(result->report, "per_thread"));
  bool has_gil = strategy && strcmp(strategy, "gil") == 0 && threads > 0;
  result->waited_share = has_gil ? waited * 1e-9 / (seconds * threads) : NAN;
  result->switches = has_gil ? changes / seconds : NAN;
}

/* Compares the threads that do the workload's unit with each other. */
static void read_evenness(struct reader *reader, struct gilloc_result *result, const char *role)
{
  double least = INFINITY;
  double most = 0;
  size_t count = 0;
  size_t i;
  json_t *thread;
  json_array_foreach(json_object_get(result->report, "per_thread"), i, thread)
  {
    const char *name = json_string_value(json_object_get(thread, "role"));
    if (!name || strcmp(name, role) != 0)
      continue;
    double done = read_number(reader, thread, "units");
    least = fmin(least, done);
    most = fmax(most, done);
    count++;
  }
  if (count == 0 && !reader->wrong)
    reader->wrong = "per_thread";
  result->evenness = count > 1 && most > 0 ? least / most : NAN;
}

static void read_report(struct reader *reader, struct gilloc_result *result, const struct gilloc_cell *cell)
{
  static const char *const roles[GILLOC_WORKLOADS] = {"cpu", "service", "cpu", "alloc", "alloc"};
  const json_t *report = result->report;
  if (json_integer_value(json_object_get(report, "protocol")) != GILLOC_PROTOCOL_VERSION)
    reader->wrong = "protocol";
  const char *workload = json_string_value(json_object_get(report, "workload"));
  if (!workload || strcmp(workload, gilloc_options_workload_name(cell->workload)) != 0)
    reader->wrong = "workload";
  double seconds = read_number(reader, report, "seconds");
  if (!(seconds > 0) && !reader->wrong)
    reader->wrong = "seconds";
  result->throughput = read_number(reader, report, "units") / seconds;
  result->peak_bytes = read_number(reader, report, "peak_rss_bytes");
  read_text(reader, report, "checksum", result->checksum);
  if (!json_is_boolean(json_object_get(report, "verified")) && !reader->wrong)
    reader->wrong = "verified";
  read_latency(reader, report, &result->latency);
  read_gil(reader, result, seconds);
  read_evenness(reader, result, roles[cell->workload]);
  if (cell->workload == GILLOC_WORKLOAD_REPLAY)
    result->evenness = NAN; /* the trace says which thread does how much */
}

/* The worker's own words without the name it puts before them. */
static const char *without_name(const char *complaint)
{
  const char *colon = strstr(complaint, ": ");
  return colon && strncmp(complaint, "gilloc", strlen("gilloc")) == 0 ? colon + 2 : complaint;
}

static char *describe_exit(const struct gilloc_runner_end *end)
{
  const char *complaint = without_name(end->complaint);
  const char *colon = *complaint ? ": " : "";
  const char *abbreviation = sigabbrev_np(end->value);
  switch (end->fate) {
  case GILLOC_RUNNER_SIGNALLED:
    return gilloc_message_format("SIG%s%s%s", abbreviation ? abbreviation : "?", colon, complaint);
  case GILLOC_RUNNER_HUNG:
    return gilloc_message_format("no end after %.0f s, killed and not tried again%s%s", end->wall_s, colon,
                                 complaint);
  case GILLOC_RUNNER_BLOATED:
    return gilloc_message_format("more than half of the machine's memory, killed%s%s", colon, complaint);
  case GILLOC_RUNNER_EXITED:
  case GILLOC_RUNNER_INTERRUPTED:
    break;
  }
  if (end->value == GILLOC_STATUS_REFUSED && *complaint)
    return gilloc_message_need(strdup(complaint));
  return gilloc_message_format("exit status %d%s%s", end->value, colon, complaint);
}

static enum gilloc_outcome outcome_without_report(const struct gilloc_runner_end *end)
{
  switch (end->fate) {
  case GILLOC_RUNNER_SIGNALLED:
    return GILLOC_OUTCOME_CRASHED;
  case GILLOC_RUNNER_HUNG:
    return GILLOC_OUTCOME_HUNG;
  case GILLOC_RUNNER_BLOATED:
    return GILLOC_OUTCOME_BLOATED;
  case GILLOC_RUNNER_INTERRUPTED:
    return GILLOC_OUTCOME_MISSING;
  case GILLOC_RUNNER_EXITED:
    break;
  }
  return end->value == GILLOC_STATUS_REFUSED ? GILLOC_OUTCOME_REFUSED : GILLOC_OUTCOME_FAILED;
}

struct gilloc_result gilloc_result_read(const struct gilloc_runner_end *end, const struct gilloc_cell *cell)
{
  struct gilloc_result result = {.outcome = GILLOC_OUTCOME_OK, .wall_s = end->wall_s};
  bool finished = end->fate == GILLOC_RUNNER_EXITED && end->value <= GILLOC_STATUS_FAILED;
  json_error_t error;
  if (finished)
    result.report = json_loads(end->output, JSON_REJECT_DUPLICATES, &error);
  if (!finished || (!result.report && end->value != 0)) {
    gilloc_result_spoil(&result, outcome_without_report(end), describe_exit(end));
    return result;
  }
  if (!result.report) {
    char *reason = *end->output
                       ? gilloc_message_format("its report is not JSON (line %d: %s)", error.line, error.text)
                       : gilloc_message_format("it ended without a report");
    gilloc_result_spoil(&result, GILLOC_OUTCOME_FAILED, reason);
    return result;
  }
  struct reader reader = {NULL};
  read_report(&reader, &result, cell);
  if (reader.wrong)
    gilloc_result_spoil(&result, GILLOC_OUTCOME_FAILED,
                        gilloc_message_format("its report has no sensible \"%s\"", reader.wrong));
  else if (end->value != 0 || !json_is_true(json_object_get(result.report, "verified")))
    gilloc_result_spoil(&result, GILLOC_OUTCOME_UNVERIFIED, describe_exit(end));
  return result;
}
