/* SPDX-License-Identifier: MIT
 *
 * emulate.c: the worker's command line. It is the driver's to get it right: what is wrong here is a line and
 * status 2, for the driver to report. `policies` lists the policies, a line each.
 */
#include "emulate.h"

#include <errno.h>
#include <gilloc/gil.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

struct gilloc_emulation gilloc_emulation = {
    .policy = "interval", .kind = "pure", .interval_us = 5000, .checks = 1};

static const struct {
  const char *name;
  bool (*run)(void);
} experiments[] = {{"calibrate", gilloc_emulate_calibrate}, {"pingpong", gilloc_emulate_pingpong},
                   {"latency", gilloc_emulate_latency},     {"throughput", gilloc_emulate_throughput},
                   {"fairness", gilloc_emulate_fairness},   {"countdown", gilloc_emulate_countdown},
                   {"cpued", gilloc_emulate_cpued}};

/* The Python side's keys are among them, and of no use here. */
static uint64_t ignored;

static const struct {
  const char *name;
  uint64_t *value;
} numbers[] = {{"interval_us", &gilloc_emulation.interval_us},
               {"threads", &gilloc_emulation.threads},
               {"ms", &gilloc_emulation.ms},
               {"warm_ms", &gilloc_emulation.warm_ms},
               {"give_up_ms", &gilloc_emulation.give_up_ms},
               {"port", &gilloc_emulation.port},
               {"checks", &gilloc_emulation.checks},
               {"spin_steps", &gilloc_emulation.spin_steps},
               {"hold_steps", &gilloc_emulation.hold_steps},
               {"release_steps", &gilloc_emulation.release_steps},
               {"io_steps", &gilloc_emulation.io_steps},
               {"countdown_steps", &gilloc_emulation.countdown_steps},
               {"iterations", &gilloc_emulation.iterations},
               {"burst_iterations", &gilloc_emulation.burst_iterations},
               {"spin_ps", &gilloc_emulation.spin_ps},
               {"burst_ns", &gilloc_emulation.burst_ns},
               {"hold_items", &ignored},
               {"release_bytes", &ignored}};

_Noreturn static void refuse(const char *what, const char *culprit)
{
  fprintf(stderr, "gilloc-fidelity-gil: %s: '%s'\n", what, culprit);
  exit(2);
}

static void take_number(const char *argument, const char *value)
{
  size_t length = (size_t)(value - argument) - 1;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (strlen(numbers[i].name) != length || strncmp(numbers[i].name, argument, length) != 0)
      continue;
    char *end = NULL;
    errno = 0;
    *numbers[i].value = strtoull(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0')
      refuse("not a whole number", argument);
    return;
  }
  refuse("unknown key", argument);
}

static void take(const char *argument)
{
  const char *equals = strchr(argument, '=');
  if (equals == NULL)
    refuse("not of the form key=value", argument);
  if (strncmp(argument, "policy=", strlen("policy=")) == 0)
    gilloc_emulation.policy = equals + 1;
  else if (strncmp(argument, "kind=", strlen("kind=")) == 0)
    gilloc_emulation.kind = equals + 1;
  else
    take_number(argument, equals + 1);
}

static int list_policies(void)
{
  for (unsigned n = 0; gilloc_gil_policy_name(n) != NULL; n++)
    printf("%s\n", gilloc_gil_policy_name(n));
  return fflush(stdout) == 0 ? 0 : 1;
}

static bool run(const char *name)
{
  for (size_t i = 0; i < sizeof experiments / sizeof *experiments; i++) {
    if (strcmp(experiments[i].name, name) != 0)
      continue;
    gilloc_thread_attach();
    bool good = experiments[i].run();
    gilloc_thread_detach();
    return good && fflush(stdout) == 0;
  }
  refuse("unknown experiment", name);
}

int main(int argc, char **argv)
{
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc < 2)
    refuse("the experiment is missing", "");
  if (strcmp(argv[1], "policies") == 0)
    return list_policies();
  for (int i = 2; i < argc; i++)
    take(argv[i]);
  if (gilloc_emulation.threads > GILLOC_EMULATE_THREADS_MAX)
    refuse("too many threads for", argv[1]);
  if (!gilloc_gil_set_policy(gilloc_emulation.policy))
    refuse("unknown policy", gilloc_emulation.policy);
  if (!gilloc_gil_set_interval(gilloc_emulation.interval_us))
    refuse("interval out of range in", argv[1]);
  return run(argv[1]) ? 0 : 1;
}
