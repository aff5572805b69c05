/* SPDX-License-Identifier: MIT
 *
 * options.c: the option table of `gilloc lab` and the checks of each option. Values arrive from popt as
 * strings and are parsed here, so that every refusal can say what would have been right.
 */
#include "options.h"

#include "arguments.h"
#include "message.h"
#include "paths.h"
#include "protocol.h"
#include "replay_script.h"
#include "target.h"
#include "text_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const workload_names[GILLOC_WORKLOADS] = {"cpu", "io", "mixed", "alloc", "replay"};
/* Where none was asked for: all that need no input of the caller's. */
enum { DEFAULT_WORKLOADS = GILLOC_WORKLOAD_REPLAY };
/* As the library has them; the driver links none, so it cannot ask. The workers check again. */
static const char *const policy_names[] = {"interval", "ticks", "fifo", "priority", "fair"};
static const char *const default_rows = "none,gil,fine,system,processes";

const char *gilloc_options_workload_name(enum gilloc_workload_id workload)
{
  return workload_names[workload];
}

static double parse_seconds(const char *text)
{
  char *end = NULL;
  errno = 0;
  double value = strtod(text, &end);
  if (end == text || !strchr("0123456789.", *text) || *end || errno || !isfinite(value) || value < 0.05 ||
      value > GILLOC_SECONDS_MAX)
    gilloc_message_refuse("--seconds: '%s' is not a number from 0.05 to %d", text, GILLOC_SECONDS_MAX);
  return value;
}

/* Calls `take` with each entry of a comma list; an empty entry is refused. */
static void for_each_entry(const char *option, const char *list,
                           void (*take)(struct gilloc_options *, const char *),
                           struct gilloc_options *options)
{
  char *copy = gilloc_message_need(strdup(list));
  char *rest = copy;
  for (char *entry; (entry = strsep(&rest, ","));) {
    if (!*entry)
      gilloc_message_refuse("%s: '%s' has an empty entry; write names or numbers with single commas between",
                            option, list);
    take(options, entry);
  }
  free(copy);
}

static void take_workload(struct gilloc_options *options, const char *name)
{
  for (size_t i = 0; i < GILLOC_WORKLOADS; i++) {
    if (strcmp(name, workload_names[i]) == 0) {
      options->workloads[i] = true;
      return;
    }
  }
  gilloc_message_refuse("--workload: unknown workload '%s'; known are cpu, io, mixed, alloc, replay", name);
}

static void take_row(struct gilloc_options *options, const char *name)
{
  for (size_t i = 0; i < options->row_count; i++) {
    if (strcmp(name, options->rows[i]) == 0)
      return;
  }
  char *worker = gilloc_paths_worker(name);
  if (!worker)
    gilloc_message_refuse("--flavour: unknown flavour '%s'; built are %s", name, gilloc_paths_known_rows());
  if (access(worker, X_OK) != 0)
    gilloc_message_refuse("--flavour: cannot run %s, the worker of '%s': %s", worker, name, strerror(errno));
  free(worker);
  options->rows =
      gilloc_message_need(realloc(options->rows, (options->row_count + 1) * sizeof *options->rows));
  options->rows[options->row_count++] = gilloc_message_need(strdup(name));
}

/* Keeps the list ascending and free of repetition. */
static void take_threads(struct gilloc_options *options, const char *text)
{
  unsigned value =
      (unsigned)gilloc_arguments_number("--threads", text, (unsigned long long[]){1, GILLOC_LANES_MAX});
  size_t place = 0;
  while (place < options->thread_count && options->threads[place] < value)
    place++;
  if (place < options->thread_count && options->threads[place] == value)
    return;
  if (options->thread_count == GILLOC_THREAD_COUNTS_MAX)
    gilloc_message_refuse("--threads: more than %d different numbers", GILLOC_THREAD_COUNTS_MAX);
  memmove(options->threads + place + 1, options->threads + place,
          (options->thread_count - place) * sizeof *options->threads);
  options->threads[place] = value;
  options->thread_count++;
}

static const char *find_policy(const char *name)
{
  for (size_t i = 0; i < sizeof policy_names / sizeof *policy_names; i++) {
    if (strcmp(name, policy_names[i]) == 0)
      return policy_names[i];
  }
  gilloc_message_refuse("--policy: unknown policy '%s'; known are interval, ticks, fifo, priority, fair",
                        name);
}

/* What it holds is looked at when it is known who reads it. */
static void take_input(struct gilloc_options *options, const char *path)
{
  int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0)
    gilloc_message_refuse("--input: cannot read '%s': %s", path, strerror(errno));
  struct stat status;
  bool usable = fstat(file, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
  (void)close(file);
  if (!usable)
    gilloc_message_refuse("--input: '%s' is neither a file nor a folder", path);
  options->inputs =
      gilloc_message_need(realloc(options->inputs, (options->input_count + 1) * sizeof *options->inputs));
  options->inputs[options->input_count++] = gilloc_message_need(strdup(path));
}

enum option_id {
  OPTION_WORKLOAD = 1,
  OPTION_FLAVOUR,
  OPTION_THREADS,
  OPTION_SECONDS,
  OPTION_ROUNDS,
  OPTION_INPUT,
  OPTION_RATE,
  OPTION_INTERVAL,
  OPTION_POLICY,
  OPTION_SEED,
  OPTION_QUICK,
  OPTION_JSON,
  OPTION_TIMELINE
};

static const struct poptOption table[] = {
    {"workload", 'w', POPT_ARG_STRING, NULL, OPTION_WORKLOAD,
     "workloads to run, with commas: cpu, io, mixed, alloc (default: these four), replay", "NAMES"},
    {"flavour", 'f', POPT_ARG_STRING, NULL, OPTION_FLAVOUR,
     "rows to compare, with commas: none, gil, fine, system, processes or any other built flavour "
     "(default: these five)",
     "NAMES"},
    {"threads", 't', POPT_ARG_STRING, NULL, OPTION_THREADS,
     "numbers of threads (of processes in the row processes), with commas, each 1 to 256 (default: 1,2; in "
     "replay, as many as the trace has); none always runs with 1",
     "NUMBERS"},
    {"seconds", 's', POPT_ARG_STRING, NULL, OPTION_SECONDS,
     "measured time of a run, 0.05 to 3600 (default: 0.5)", "SECONDS"},
    {"rounds", 'r', POPT_ARG_STRING, NULL, OPTION_ROUNDS,
     "runs of each row, 1 to 1000; fewer than 6 claim nothing (default: 7)", "NUMBER"},
    {"input", 'i', POPT_ARG_STRING, NULL, OPTION_INPUT,
     "text for cpu and mixed, a file or folder; may be repeated, and every further argument is one "
     "(default: /usr/share/common-licenses); for replay, the trace, a file of `gilloc record`",
     "PATH"},
    {"rate", '\0', POPT_ARG_STRING, NULL, OPTION_RATE,
     "requests a second in io and mixed, 1 to 1000000 (default: 4000 in io, 200 in mixed)", "NUMBER"},
    {"interval-us", '\0', POPT_ARG_STRING, NULL, OPTION_INTERVAL,
     "switch interval of the GIL in microseconds, 1 to 1000000000 (default: 5000)", "NUMBER"},
    {"policy", '\0', POPT_ARG_STRING, NULL, OPTION_POLICY,
     "scheduling policy of the GIL: interval, ticks, fifo, priority or fair (default: interval)", "NAME"},
    {"seed", '\0', POPT_ARG_STRING, NULL, OPTION_SEED,
     "for the order of the runs, the workloads' data and the bootstrap (default: random; the result says it)",
     "NUMBER"},
    {"quick", 'q', POPT_ARG_NONE, NULL, OPTION_QUICK,
     "under 30 s in all: two short rounds, which show sizes but carry no claim", NULL},
    {"json", 'j', POPT_ARG_STRING, NULL, OPTION_JSON, "also write every run and every result to FILE",
     "FILE"},
    {"timeline", '\0', POPT_ARG_STRING, NULL, OPTION_TIMELINE,
     "also record what each thread did about the GIL in the first round, and write it to FILE: .json "
     "(Chrome, `gilloc timeline`), .pftrace or .perfetto-trace (Perfetto)",
     "FILE"},
    POPT_AUTOHELP POPT_TABLEEND};

static void take_json(struct gilloc_options *options, const char *path)
{
  free(options->json_path);
  options->json_path = gilloc_target_check("--json", path);
}

static void take_timeline(struct gilloc_options *options, const char *path)
{
  options->timeline_writer = gilloc_timeline_writer_for(path);
  if (!options->timeline_writer)
    gilloc_message_refuse("--timeline: '%s' does not end in a known form's name; known are %s", path,
                          gilloc_timeline_known_forms);
  free(options->timeline_path);
  options->timeline_path = gilloc_target_check("--timeline", path);
}

static void take_option(struct gilloc_options *options, enum option_id id, const char *value)
{
  switch (id) {
  case OPTION_WORKLOAD:
    for_each_entry("--workload", value, take_workload, options);
    break;
  case OPTION_FLAVOUR:
    for_each_entry("--flavour", value, take_row, options);
    break;
  case OPTION_THREADS:
    for_each_entry("--threads", value, take_threads, options);
    break;
  case OPTION_SECONDS:
    options->seconds = parse_seconds(value);
    break;
  case OPTION_INPUT:
    take_input(options, value);
    break;
  case OPTION_QUICK:
    options->quick = true;
    break;
  case OPTION_JSON:
    take_json(options, value);
    break;
  case OPTION_TIMELINE:
    take_timeline(options, value);
    break;
  case OPTION_ROUNDS:
    options->rounds =
        (unsigned)gilloc_arguments_number("--rounds", value, (unsigned long long[]){1, GILLOC_ROUNDS_MAX});
    break;
  case OPTION_RATE:
    options->rate =
        (unsigned)gilloc_arguments_number("--rate", value, (unsigned long long[]){1, GILLOC_RATE_MAX});
    break;
  case OPTION_INTERVAL:
    options->interval_us = (unsigned)gilloc_arguments_number("--interval-us", value,
                                                             (unsigned long long[]){1, GILLOC_INTERVAL_MAX});
    break;
  case OPTION_POLICY:
    options->policy = find_policy(value);
    break;
  case OPTION_SEED:
    options->seed = gilloc_arguments_number("--seed", value, (unsigned long long[]){0, UINT64_MAX});
    break;
  }
}

static bool reads_text(const struct gilloc_options *options)
{
  return options->workloads[GILLOC_WORKLOAD_CPU] || options->workloads[GILLOC_WORKLOAD_MIXED];
}

/* Workers read it again; this finds what is wrong before the first run. */
static void take_trace(struct gilloc_options *options, char *path)
{
  struct gilloc_replay_script script;
  struct gilloc_trace_error error;
  if (options->trace)
    gilloc_message_refuse("--input: '%s' is one trace too many; replay plays one at a time", path);
  if (!gilloc_replay_script_load(&script, path, 0, &error))
    gilloc_message_refuse("--input: '%s': %s", path, error.text);
  options->trace = path;
  options->trace_threads = script.threads < GILLOC_LANES_MAX ? script.threads : GILLOC_LANES_MAX;
  gilloc_replay_script_fini(&script);
}

/* Each input belongs to a workload that was asked for: a trace to replay, anything else to those that read
 * text, where there are such. */
static void settle_inputs(struct gilloc_options *options)
{
  bool replays = options->workloads[GILLOC_WORKLOAD_REPLAY];
  size_t texts = 0;
  for (size_t i = 0; i < options->input_count; i++) {
    char *path = options->inputs[i];
    bool is_trace = gilloc_replay_script_is_trace(path);
    if (replays && (is_trace || !reads_text(options))) {
      take_trace(options, path);
      continue;
    }
    if (is_trace)
      gilloc_message_refuse("--input: '%s' is a trace, which only --workload replay takes", path);
    if (!reads_text(options))
      gilloc_message_refuse("--input: '%s' is read by none of the workloads asked for; cpu and mixed read "
                            "text, replay a trace",
                            path);
    if (!gilloc_text_probe_has_word(path))
      gilloc_message_refuse("--input: no word in '%s'; name a file with text, or a folder with such files",
                            path);
    options->inputs[texts++] = path;
  }
  options->input_count = texts;
  if (replays && !options->trace)
    gilloc_message_refuse("--workload replay: --input is missing; name a trace that `gilloc record` wrote");
}

static void apply_defaults(struct gilloc_options *options)
{
  bool any = false;
  for (size_t i = 0; i < GILLOC_WORKLOADS; i++)
    any = any || options->workloads[i];
  for (size_t i = 0; i < DEFAULT_WORKLOADS && !any; i++)
    options->workloads[i] = true;
  settle_inputs(options);
  if (options->row_count == 0)
    for_each_entry("--flavour", default_rows, take_row, options);
  if (options->json_path && options->timeline_path && strcmp(options->json_path, options->timeline_path) == 0)
    gilloc_message_refuse("--timeline: '%s' is the file of --json as well; name two", options->timeline_path);
  if (options->quick && (options->seconds > 0 || options->rounds > 0))
    gilloc_message_refuse("--quick chooses --seconds and --rounds itself; give either --quick or those");
}

struct gilloc_options gilloc_options_parse(int argc, const char **argv)
{
  struct gilloc_options options = {.interval_us = 5000, .policy = policy_names[0]};
  if (getrandom(&options.seed, sizeof options.seed, 0) != (ssize_t)sizeof options.seed)
    options.seed = (uint64_t)getpid();
  /* Fewer digits are easier to type again, and still never the same twice. */
  options.seed %= 1000000000;
  poptContext context = gilloc_message_need(poptGetContext(argv[0], argc, argv, table, 0));
  poptSetOtherOptionHelp(context, "[OPTION...] [PATH...]");
  int id;
  while ((id = poptGetNextOpt(context)) > 0) {
    char *value = poptGetOptArg(context);
    take_option(&options, (enum option_id)id, value ? value : "");
    free(value);
  }
  if (id < -1)
    gilloc_message_refuse("%s: %s; `gilloc lab --help` lists the options",
                          poptBadOption(context, POPT_BADOPTION_NOALIAS), poptStrerror(id));
  for (const char *path; (path = poptGetArg(context));)
    take_input(&options, path);
  poptFreeContext(context);
  apply_defaults(&options);
  return options;
}

void gilloc_options_fini(struct gilloc_options *options)
{
  for (size_t i = 0; i < options->row_count; i++)
    free(options->rows[i]);
  for (size_t i = 0; i < options->input_count; i++)
    free(options->inputs[i]);
  free(options->rows);
  free(options->inputs);
  free(options->trace);
  free(options->json_path);
  free(options->timeline_path);
}
