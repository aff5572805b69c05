/* SPDX-License-Identifier: MIT
 *
 * fidelity.c: the subcommand `fidelity`. A figure far from CPython's is a result, not a failure; a run that
 * hung, crashed or printed nothing is one.
 */
#include "fidelity.h"

#include "fidelity_report.h"
#include "message.h"
#include "target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* True if there is nothing to write, or it is written. */
static bool write_json(const struct gilloc_fidelity_measurement *measurement,
                       const struct gilloc_machine *machine)
{
  const char *path = measurement->options->json_path;
  if (!path)
    return true;
  char *text = gilloc_fidelity_json_make(measurement, machine);
  bool written = gilloc_target_write(path, text, strlen(text));
  if (!written)
    gilloc_message_warn("cannot write '%s': %s; it is as it was before", path, strerror(errno));
  free(text);
  return written;
}

/* Names the first run that went wrong. */
static void complain(const struct gilloc_fidelity_measurement *measurement)
{
  size_t rounds = measurement->options->rounds;
  for (size_t i = 0; i < gilloc_fidelity_cell_count() * measurement->row_count * rounds; i++) {
    size_t row = i / rounds % measurement->row_count;
    const struct gilloc_fidelity_cell *cell = gilloc_fidelity_cell(i / rounds / measurement->row_count);
    if (!measurement->runs[i].complaint)
      continue;
    gilloc_message_warn("fidelity: %u runs went wrong; the first is %s, %s, %s: %s", measurement->failures,
                        gilloc_fidelity_title(cell->experiment)->name, cell->name, measurement->rows[row],
                        measurement->runs[i].complaint);
    return;
  }
}

int gilloc_fidelity_main(int argc, const char **argv)
{
  struct gilloc_fidelity_programs programs = {0};
  struct gilloc_fidelity_options options = gilloc_fidelity_options_parse(argc, argv, &programs);
  struct gilloc_machine machine = gilloc_machine_read();
  struct gilloc_fidelity_measurement measurement = gilloc_fidelity_measure(&options, &programs);
  bool good = write_json(&measurement, &machine);
  gilloc_fidelity_report_print(&measurement, &machine, stdout);
  if (fflush(stdout) != 0 || ferror(stdout))
    gilloc_message_fail(GILLOC_STATUS_FAILED, "cannot write to standard output: %s", strerror(errno));
  if (measurement.failures > 0)
    complain(&measurement);
  good = good && measurement.failures == 0;
  gilloc_fidelity_measurement_fini(&measurement);
  gilloc_fidelity_options_fini(&options);
  gilloc_fidelity_programs_fini(&programs);
  return good ? GILLOC_STATUS_OK : GILLOC_STATUS_FAILED;
}
