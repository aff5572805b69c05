/* SPDX-License-Identifier: MIT
 *
 * lab.c: the subcommand `lab`.
 */
#include "lab.h"

#include "json.h"
#include "message.h"
#include "report.h"
#include "target.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* True if there is nothing to write, or it is written. */
static bool write_json(const struct gilloc_summary *summary, const char *path)
{
  if (!path)
    return true;
  char *text = gilloc_json_make(summary);
  bool written = gilloc_target_write(path, text, strlen(text));
  if (!written)
    gilloc_message_warn("cannot write '%s': %s; it is as it was before", path, strerror(errno));
  free(text);
  return written;
}

/* The same; a file without events is written too, with a word why. */
static bool write_timeline(const struct gilloc_measurement *measurement)
{
  const char *path = measurement->options->timeline_path;
  if (!path)
    return true;
  bool written = gilloc_timeline_write(&measurement->timeline, measurement->options->timeline_writer, path);
  if (!written)
    gilloc_message_warn("cannot write '%s': %s; it is as it was before", path, strerror(errno));
  else if (measurement->timeline.count == 0)
    gilloc_message_warn("'%s' is empty: no run with threads came to its end", path);
  return written;
}

/* The last line of a lab that went wrong names the first row that did. */
static void complain(const struct gilloc_summary *summary)
{
  const struct gilloc_schedule *schedule = summary->measurement->schedule;
  size_t bad = 0;
  size_t first = 0;
  for (size_t i = schedule->count; i-- > 0;) {
    if (summary->rows[i].bad > 0) {
      bad++;
      first = i;
    }
  }
  const struct gilloc_cell *cell = &schedule->cells[first];
  char *name = gilloc_schedule_cell_name(cell);
  gilloc_message_warn("%zu of %zu rows not verified; the first is %s: %s, %s: %s", bad, schedule->count,
                      gilloc_options_workload_name(cell->workload), name,
                      gilloc_result_outcome_name(summary->rows[first].worst), summary->rows[first].detail);
  free(name);
}

int gilloc_lab_main(int argc, const char **argv)
{
  struct gilloc_options options = gilloc_options_parse(argc, argv);
  struct gilloc_machine machine = gilloc_machine_read();
  struct gilloc_schedule schedule = gilloc_schedule_make(&options, machine.cores_usable);
  struct gilloc_measurement measurement = gilloc_measure(&options, &machine, &schedule);
  struct gilloc_summary summary = gilloc_summary_make(&measurement);
  bool written = write_timeline(&measurement);
  written = write_json(&summary, options.json_path) && written;
  gilloc_report_print(&summary, stdout);
  if (fflush(stdout) != 0 || ferror(stdout))
    gilloc_message_fail(GILLOC_STATUS_FAILED, "cannot write to standard output: %s", strerror(errno));
  if (!summary.verified)
    complain(&summary);
  bool good = written && summary.verified;
  gilloc_summary_fini(&summary);
  gilloc_measure_fini(&measurement);
  gilloc_schedule_fini(&schedule);
  gilloc_options_fini(&options);
  return good ? GILLOC_STATUS_OK : GILLOC_STATUS_FAILED;
}
