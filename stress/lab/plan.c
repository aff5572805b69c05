/* SPDX-License-Identifier: MIT
 *
 * plan.c: see plan.h. The driver has spoken to people before it starts a worker; still nothing here
 * guesses: a number must be a whole argument and in range.
 */
#include "plan.h"

#include "protocol.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option OPTIONS[] = {
    {"workload", required_argument, NULL, 'w'},
    {"threads", required_argument, NULL, 't'},
    {"processes", required_argument, NULL, 'p'},
    {"seconds", required_argument, NULL, 's'},
    {"warmup", required_argument, NULL, 'u'},
    {"rate", required_argument, NULL, 'r'},
    {"interval-us", required_argument, NULL, 'i'},
    {"policy", required_argument, NULL, 'y'},
    {"seed", required_argument, NULL, 'x'},
    {"timeline", required_argument, NULL, 'l'},
    {"input", required_argument, NULL, 'f'},
    {NULL, 0, NULL, 0},
};

static bool refuse(const char *option, const char *wanted)
{
  fprintf(stderr, "gilloc-worker: --%s: '%s' is not %s\n", option, optarg, wanted);
  return false;
}

/* Digits only: strtoull alone would take "-1" for a large number. */
static bool whole_number(uint64_t *out, uint64_t least, uint64_t most)
{
  int base = strncmp(optarg, "0x", 2) == 0 ? 16 : 10;
  char *end = NULL;
  errno = 0;
  unsigned long long value = strtoull(optarg, &end, base);
  if (optarg[0] < '0' || optarg[0] > '9' || *end != '\0' || errno != 0 || value < least || value > most)
    return false;
  *out = value;
  return true;
}

static bool decimal(double *out, double least)
{
  char *end = NULL;
  double value = strtod(optarg, &end);
  if (end == optarg || *end != '\0' || !isfinite(value) || value < least || value > GILLOC_SECONDS_MAX)
    return false;
  *out = value;
  return true;
}

static bool take_lanes(struct gilloc_plan *plan, const char *name)
{
  uint64_t lanes = 0;
  if (!whole_number(&lanes, 1, GILLOC_LANES_MAX))
    return refuse(name, "a whole number from 1 to 256");
  if (plan->lanes != 0) {
    fprintf(stderr, "gilloc-worker: give --threads or --processes, once\n");
    return false;
  }
  plan->lanes = (unsigned)lanes;
  plan->forks = strcmp(name, "processes") == 0;
  return true;
}

static bool take_option(struct gilloc_plan *plan, int letter, const char *name)
{
  uint64_t number = 0;
  switch (letter) {
  case 'w':
    plan->workload = optarg;
    return true;
  case 't':
  case 'p':
    return take_lanes(plan, name);
  case 's':
    return decimal(&plan->seconds, 0.01) || refuse(name, "seconds from 0.01 to 3600");
  case 'u':
    return decimal(&plan->warmup, 0) || refuse(name, "seconds from 0 to 3600");
  case 'r':
    if (!whole_number(&number, 1, GILLOC_RATE_MAX))
      return refuse(name, "a whole number from 1 to 1000000");
    plan->rate = (uint32_t)number;
    return true;
  case 'i':
    return whole_number(&plan->interval_us, 1, GILLOC_INTERVAL_MAX) ||
           refuse(name, "microseconds from 1 to 1000000000");
  case 'y':
    plan->policy = optarg;
    return true;
  case 'l':
    plan->timeline = optarg;
    return true;
  case 'x':
    return whole_number(&plan->seed, 0, UINT64_MAX) || refuse(name, "a whole number below 2^64");
  default:
    return false; /* getopt_long has said why */
  }
}

static bool finish(struct gilloc_plan *plan, int argc, char **argv)
{
  if (optind < argc) {
    fprintf(stderr, "gilloc-worker: '%s' is not an option\n", argv[optind]);
    return false;
  }
  if (plan->workload == NULL) {
    fprintf(stderr, "gilloc-worker: --workload is missing; the driver is `gilloc lab`\n");
    return false;
  }
  if (plan->lanes == 0)
    plan->lanes = 1;
  return true;
}

bool gilloc_plan_parse(struct gilloc_plan *plan, int argc, char **argv)
{
  static char default_input[] = GILLOC_DEFAULT_INPUT;
  *plan = (struct gilloc_plan){.seconds = 1.0, .warmup = 0.2, .seed = 1};
  plan->inputs = calloc((size_t)argc + 2, sizeof *plan->inputs);
  if (plan->inputs == NULL)
    return false;
  size_t inputs = 0;
  int index = 0;
  for (int letter; (letter = getopt_long(argc, argv, "", OPTIONS, &index)) != -1;) {
    if (letter == 'f')
      plan->inputs[inputs++] = optarg;
    else if (letter == '?' || !take_option(plan, letter, OPTIONS[index].name))
      return false;
  }
  if (inputs == 0)
    plan->inputs[0] = default_input;
  return finish(plan, argc, argv);
}

void gilloc_plan_free(struct gilloc_plan *plan)
{
  free(plan->inputs);
  plan->inputs = NULL;
}
