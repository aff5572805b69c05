/* SPDX-License-Identifier: MIT
 *
 * fidelity_options.c: the option table of `gilloc fidelity` and the checks of each option.
 */
#include "fidelity_options.h"

#include "message.h"
#include "target.h"

#include <ctype.h>
#include <errno.h>
#include <popt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { ROUNDS_DEFAULT = 7, ROUNDS_MAX = 1000 };

/* As popt left them. */
struct given {
  char *rounds, *only, *policies, *python, *json, *seed;
  int quick;
};

/* What an entry of a list is looked up in, and where it goes. */
struct target {
  struct gilloc_fidelity_options *options;
  const struct gilloc_fidelity_programs *programs;
};

static unsigned long long parse_number(const char *option, const char *text,
                                       const unsigned long long range[2])
{
  char *end = NULL;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (!isdigit((unsigned char)*text) || *end || errno || value < range[0] || value > range[1])
    gilloc_message_refuse("fidelity: %s: '%s' is not a whole number from %llu to %llu", option, text,
                          range[0], range[1]);
  return value;
}

static void take_experiment(struct target *target, const char *name)
{
  for (enum gilloc_fidelity_experiment i = 0; i < GILLOC_FIDELITY_EXPERIMENTS; i++) {
    if (strcmp(gilloc_fidelity_title(i)->name, name) == 0) {
      target->options->only[i] = true;
      return;
    }
  }
  gilloc_message_refuse("fidelity: --only: unknown experiment '%s'; known are pingpong, throughput, latency, "
                        "bandwidth, countdown, cpued, fairness",
                        name);
}

static void take_policy(struct target *target, const char *name)
{
  const struct gilloc_fidelity_programs *programs = target->programs;
  char *known = gilloc_message_format("%s", "");
  for (size_t i = 0; i < programs->policy_count; i++) {
    if (strcmp(programs->policies[i], name) == 0) {
      target->options->policies[i] = true;
      free(known);
      return;
    }
    char *longer = gilloc_message_format("%s%s%s", known, i > 0 ? ", " : "", programs->policies[i]);
    free(known);
    known = longer;
  }
  gilloc_message_refuse("fidelity: --policy: unknown policy '%s'; known are %s", name, known);
}

static void for_each_entry(const char *option, const char *list, void (*take)(struct target *, const char *),
                           struct target *target)
{
  char *copy = gilloc_message_need(strdup(list));
  char *rest = copy;
  for (char *entry; (entry = strsep(&rest, ","));) {
    if (!*entry)
      gilloc_message_refuse("fidelity: %s: '%s' has an empty entry; write names with single commas between",
                            option, list);
    take(target, entry);
  }
  free(copy);
}

static void check(struct target *target, const struct given *given)
{
  struct gilloc_fidelity_options *options = target->options;
  if (given->rounds)
    options->rounds =
        (unsigned)parse_number("--rounds", given->rounds, (unsigned long long[]){1, ROUNDS_MAX});
  if (given->seed)
    options->seed = parse_number("--seed", given->seed, (unsigned long long[]){0, UINT64_MAX});
  if (options->quick && given->rounds)
    gilloc_message_refuse("fidelity: --quick is one round; give either --quick or --rounds");
  if (given->only)
    for_each_entry("--only", given->only, take_experiment, target);
  if (given->policies)
    for_each_entry("--policy", given->policies, take_policy, target);
  for (size_t i = 0; !given->only && i < GILLOC_FIDELITY_EXPERIMENTS; i++)
    options->only[i] = true;
  for (size_t i = 0; !given->policies && i < target->programs->policy_count; i++)
    options->policies[i] = true;
  if (given->json)
    options->json_path = gilloc_target_check("--json", given->json);
}

static void parse(int argc, const char **argv, struct given *given)
{
  const struct poptOption table[] = {
      {"rounds", 'r', POPT_ARG_STRING, &given->rounds, 0,
       "runs of each cell, 1 to 1000; fewer than 6 claim nothing (default: 7)", "NUMBER"},
      {"quick", 'q', POPT_ARG_NONE, &given->quick, 0,
       "one round of short runs, a minute or less: shows sizes, claims nothing", NULL},
      {"only", 'o', POPT_ARG_STRING, &given->only, 0,
       "experiments, with commas: pingpong, throughput, latency, bandwidth, countdown, cpued, fairness "
       "(default: all)",
       "NAMES"},
      {"policy", 'p', POPT_ARG_STRING, &given->policies, 0,
       "policies to run beside CPython, with commas (default: all; an unknown one lists them)", "NAMES"},
      {"python", '\0', POPT_ARG_STRING, &given->python, 0,
       "the CPython to compare with, 3.3 or later, or 2.7 (default: python3 in PATH, if there is one)",
       "PATH"},
      {"seed", '\0', POPT_ARG_STRING, &given->seed, 0,
       "for the order of the runs and the bootstrap (default: random; the result says it)", "NUMBER"},
      {"json", 'j', POPT_ARG_STRING, &given->json, 0, "also write every run and every result to FILE",
       "FILE"},
      POPT_AUTOHELP POPT_TABLEEND};
  poptContext context = gilloc_message_need(poptGetContext(argv[0], argc, argv, table, 0));
  int id = poptGetNextOpt(context);
  if (id < -1)
    gilloc_message_refuse("fidelity: %s: %s; `gilloc fidelity --help` lists the options",
                          poptBadOption(context, POPT_BADOPTION_NOALIAS), poptStrerror(id));
  const char *rest = poptGetArg(context);
  if (rest)
    gilloc_message_refuse("fidelity: '%s' is no option; `gilloc fidelity --help` lists them", rest);
  poptFreeContext(context);
}

struct gilloc_fidelity_options gilloc_fidelity_options_parse(int argc, const char **argv,
                                                             struct gilloc_fidelity_programs *programs)
{
  struct given given = {0};
  parse(argc, argv, &given);
  gilloc_fidelity_programs_find(programs);
  struct gilloc_fidelity_options options = {.quick = given.quick, .rounds = given.quick ? 1 : ROUNDS_DEFAULT};
  if (getrandom(&options.seed, sizeof options.seed, 0) != (ssize_t)sizeof options.seed)
    options.seed = (uint64_t)getpid();
  options.seed %= 1000000000;
  check(&(struct target){&options, programs}, &given);
  gilloc_fidelity_programs_find_python(programs, given.python);
  free(given.rounds);
  free(given.only);
  free(given.policies);
  free(given.json);
  free(given.seed);
  options.python = given.python;
  return options;
}

void gilloc_fidelity_options_fini(struct gilloc_fidelity_options *options)
{
  free(options->python);
  free(options->json_path);
}
