/* SPDX-License-Identifier: MIT
 *
 * fidelity_calibrate.c: see fidelity_calibrate.h.
 */
#include "fidelity_calibrate.h"

#include "message.h"
#include "runner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double timeout_s = 60;
enum { MEMORY = 1 << 30 };

/* Debian's CPython 3.11.2 on the machine of docs/fidelity.md. */
static const struct gilloc_fidelity_calibration typical = {
    .spin = 45, .countdown = 14, .countdown_once = 24, .hold_item = 6.5, .release_byte = 2.4, .io_call = 500};

double gilloc_fidelity_find_figure(const char *text, const char *name)
{
  size_t length = strlen(name);
  for (const char *line = text; line; line = strchr(line, '\n')) {
    line += *line == '\n';
    double value = NAN;
    if (strncmp(line, name, length) == 0 && line[length] == ' ' && sscanf(line + length, " %lf", &value) == 1)
      return value;
    if (!*line)
      break;
  }
  return NAN;
}

/* What the worker printed, as a new string; ends the command where it failed. */
static char *run(char *const *argv)
{
  struct gilloc_runner_end end = gilloc_runner_run(argv, timeout_s, MEMORY);
  gilloc_runner_die_by_signal();
  if (end.fate != GILLOC_RUNNER_EXITED || end.value != 0)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "fidelity: the calibration by %s failed: %s", argv[0],
                        *end.complaint ? end.complaint : "it hung or crashed");
  char *output = end.output;
  free(end.complaint);
  return output;
}

static double need(const char *output, const char *name)
{
  double value = gilloc_fidelity_find_figure(output, name);
  if (!(value >= 0))
    gilloc_message_fail(GILLOC_STATUS_FAILED, "fidelity: the calibration gave no %s", name);
  return value;
}

struct gilloc_fidelity_calibration gilloc_fidelity_calibrate(const struct gilloc_fidelity_programs *programs)
{
  struct gilloc_fidelity_calibration found = typical;
  char name[] = "calibrate";
  char *ours[] = {programs->worker, name, NULL};
  char *output = run(ours);
  double udp = need(output, "udp_ns");
  found.step = need(output, "step_ns");
  found.loop = need(output, "loop_ns");
  free(output);
  if (!(found.step > 0.01))
    gilloc_message_fail(GILLOC_STATUS_FAILED, "fidelity: the calibration gave a step of %g ns", found.step);
  if (!programs->python)
    return found;
  char flags[] = "-ESB";
  char *script = gilloc_message_format("%s/real_calibrate.py", programs->scripts);
  char *theirs[] = {programs->python, flags, script, NULL};
  output = run(theirs);
  found.measured = true;
  found.spin = need(output, "spin_ns");
  found.countdown = need(output, "countdown_ns");
  found.countdown_once = need(output, "countdown_once_ns");
  found.hold_item = need(output, "hold_item_ns");
  found.release_byte = need(output, "release_byte_ns");
  found.io_call = fmax((need(output, "udp_ns") - udp) / 2, 0);
  free(output);
  free(script);
  return found;
}
