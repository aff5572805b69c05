/* SPDX-License-Identifier: MIT
 *
 * fidelity_report.c: a table an experiment. A cell takes two lines: medians, and below them the smallest and
 * the largest run (of a ratio: its spread, as sample.h has it).
 */
#include "fidelity_report.h"

#include "figure.h"
#include "message.h"
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double faithful_low = 0.5, faithful_high = 2, magnitude = 10;

struct printer {
  const struct gilloc_fidelity_measurement *measurement;
  FILE *out;
  bool colours;
};

static char *figure(enum gilloc_fidelity_experiment experiment, double value)
{
  switch (experiment) {
  case GILLOC_FIDELITY_LATENCY:
    return gilloc_figure_time(value * 1e3);
  case GILLOC_FIDELITY_COUNTDOWN:
    return gilloc_figure_time(value * 1e9);
  case GILLOC_FIDELITY_CPUED:
  case GILLOC_FIDELITY_FAIRNESS:
    return gilloc_figure_ratio(value);
  default:
    return gilloc_figure_quantity(value);
  }
}

static char *range(char *low, char *high)
{
  char *text = gilloc_message_format("%s..%s", low, high);
  free(low);
  free(high);
  return text;
}

static bool is_within(double ratio, double low, double high)
{
  return ratio >= low && ratio <= high;
}

/* Which columns of ratios a table has: CPython's policy beside it, and of ping-pongs the losses. */
static bool has_ratio(const struct printer *printer)
{
  return printer->measurement->reference != GILLOC_FIDELITY_NO_ROW;
}

static bool has_loss(const struct printer *printer, enum gilloc_fidelity_experiment experiment)
{
  return has_ratio(printer) && experiment == GILLOC_FIDELITY_PINGPONG;
}

static void add(struct gilloc_table *table, char *text, enum gilloc_tint tint)
{
  gilloc_table_add(table, text, tint);
}

static void add_headings(struct gilloc_table *table, const struct printer *printer,
                         enum gilloc_fidelity_experiment experiment)
{
  const struct gilloc_fidelity_measurement *measurement = printer->measurement;
  add(table, gilloc_message_format("%s", gilloc_fidelity_title(experiment)->unit), GILLOC_TINT_FAINT);
  for (size_t row = 0; row < measurement->row_count; row++) {
    if ((int)row == measurement->python)
      add(table, gilloc_message_format("CPython %s", measurement->programs->python_version),
          GILLOC_TINT_BOLD);
    else
      add(table, gilloc_message_format("%s", measurement->rows[row]), GILLOC_TINT_BOLD);
  }
  if (has_ratio(printer))
    add(table, gilloc_message_format("%s/CPython", measurement->rows[measurement->reference]),
        GILLOC_TINT_BOLD);
  if (has_loss(printer, experiment))
    add(table, gilloc_message_format("losses"), GILLOC_TINT_BOLD);
  gilloc_table_end_row(table);
}

static void add_median(struct gilloc_table *table, const struct printer *printer,
                       const size_t cell_and_row[2])
{
  struct gilloc_fidelity_spread spread =
      gilloc_fidelity_spread(printer->measurement, cell_and_row[0], cell_and_row[1]);
  bool bad = spread.count < printer->measurement->options->rounds;
  char *text = figure(gilloc_fidelity_cell(cell_and_row[0])->experiment, spread.median);
  if (bad) {
    char *marked = gilloc_message_format("%s!", text);
    free(text);
    text = marked;
  }
  add(table, text, bad ? GILLOC_TINT_BAD : GILLOC_TINT_PLAIN);
}

static void add_spread(struct gilloc_table *table, const struct printer *printer,
                       const size_t cell_and_row[2])
{
  struct gilloc_fidelity_spread spread =
      gilloc_fidelity_spread(printer->measurement, cell_and_row[0], cell_and_row[1]);
  enum gilloc_fidelity_experiment experiment = gilloc_fidelity_cell(cell_and_row[0])->experiment;
  add(table, range(figure(experiment, spread.least), figure(experiment, spread.most)), GILLOC_TINT_FAINT);
}

static struct gilloc_ratio ratio_of(const struct printer *printer, size_t cell)
{
  if (!has_ratio(printer))
    return (struct gilloc_ratio){0, NAN, NAN, NAN};
  return gilloc_fidelity_ratio(printer->measurement, cell, (size_t)printer->measurement->reference);
}

static struct gilloc_ratio loss_ratio_of(const struct printer *printer, size_t cell)
{
  const struct gilloc_fidelity_cell *what = gilloc_fidelity_cell(cell);
  if (!has_loss(printer, what->experiment) || what->threads == 0)
    return (struct gilloc_ratio){0, NAN, NAN, NAN};
  return gilloc_fidelity_loss_ratio(printer->measurement, cell, (size_t)printer->measurement->reference);
}

/* The second line of a cell. */
static void add_spreads(struct gilloc_table *table, const struct printer *printer, size_t cell)
{
  const struct gilloc_fidelity_measurement *measurement = printer->measurement;
  enum gilloc_fidelity_experiment experiment = gilloc_fidelity_cell(cell)->experiment;
  struct gilloc_ratio ratio = ratio_of(printer, cell), loss = loss_ratio_of(printer, cell);
  add(table, gilloc_message_format("%s", ""), GILLOC_TINT_PLAIN);
  for (size_t row = 0; row < measurement->row_count; row++)
    add_spread(table, printer, (size_t[]){cell, row});
  if (has_ratio(printer))
    add(table, range(gilloc_figure_ratio(ratio.low), gilloc_figure_ratio(ratio.high)), GILLOC_TINT_FAINT);
  if (has_loss(printer, experiment))
    add(table, range(gilloc_figure_ratio(loss.low), gilloc_figure_ratio(loss.high)), GILLOC_TINT_FAINT);
  gilloc_table_end_row(table);
}

static void add_cell(struct gilloc_table *table, const struct printer *printer, size_t cell)
{
  const struct gilloc_fidelity_measurement *measurement = printer->measurement;
  enum gilloc_fidelity_experiment experiment = gilloc_fidelity_cell(cell)->experiment;
  struct gilloc_ratio ratio = ratio_of(printer, cell), loss = loss_ratio_of(printer, cell);
  add(table, gilloc_message_format("%s", gilloc_fidelity_cell(cell)->name), GILLOC_TINT_PLAIN);
  for (size_t row = 0; row < measurement->row_count; row++)
    add_median(table, printer, (size_t[]){cell, row});
  bool good = is_within(ratio.median, faithful_low, faithful_high);
  if (has_ratio(printer))
    add(table, gilloc_figure_ratio(ratio.median), good ? GILLOC_TINT_GOOD : GILLOC_TINT_BAD);
  if (has_loss(printer, experiment))
    add(table, gilloc_figure_ratio(loss.median), GILLOC_TINT_PLAIN);
  gilloc_table_end_row(table);
  if (measurement->options->rounds > 1)
    add_spreads(table, printer, cell);
}

static void print_experiment(const struct printer *printer, enum gilloc_fidelity_experiment experiment)
{
  struct gilloc_table table = {0};
  add_headings(&table, printer, experiment);
  for (size_t cell = 0; cell < gilloc_fidelity_cell_count(); cell++) {
    if (gilloc_fidelity_cell(cell)->experiment == experiment)
      add_cell(&table, printer, cell);
  }
  (void)fprintf(printer->out, "\n%s%s%s\n", gilloc_table_on(GILLOC_TINT_BOLD, printer->colours),
                gilloc_fidelity_title(experiment)->heading,
                gilloc_table_off(GILLOC_TINT_BOLD, printer->colours));
  gilloc_table_print(&table, printer->out, printer->colours);
  gilloc_table_fini(&table);
}

struct gilloc_fidelity_bar gilloc_fidelity_bar(const struct gilloc_fidelity_measurement *measurement)
{
  struct gilloc_fidelity_bar bar = {0};
  bar.measured = measurement->reference != GILLOC_FIDELITY_NO_ROW &&
                 measurement->options->only[GILLOC_FIDELITY_PINGPONG];
  for (size_t cell = 0; bar.measured && cell < gilloc_fidelity_cell_count(); cell++) {
    if (gilloc_fidelity_cell(cell)->experiment != GILLOC_FIDELITY_PINGPONG)
      continue;
    size_t row = (size_t)measurement->reference;
    struct gilloc_ratio ratio = gilloc_fidelity_ratio(measurement, cell, row);
    bar.cells++;
    bar.within += is_within(ratio.median, faithful_low, faithful_high);
    if (gilloc_fidelity_cell(cell)->threads == 0)
      continue;
    struct gilloc_ratio loss = gilloc_fidelity_loss_ratio(measurement, cell, row);
    bar.loss_cells++;
    bar.loss_within += is_within(loss.median, 1 / magnitude, magnitude);
  }
  return bar;
}

static void print_head(const struct printer *printer, const struct gilloc_machine *machine)
{
  const struct gilloc_fidelity_measurement *measurement = printer->measurement;
  const struct gilloc_fidelity_options *options = measurement->options;
  FILE *out = printer->out;
  (void)fprintf(out, "gilloc fidelity %s, %s, %s, %s, %u of %u cores usable, load %.2f\n",
                GILLOC_DRIVER_VERSION, machine->date, machine->cpu, machine->kernel, machine->cores_usable,
                machine->cores_online, machine->load[0]);
  (void)fprintf(out, "%u round%s of each run, interleaved in random order (seed %llu), %.0f s\n",
                options->rounds, options->rounds == 1 ? "" : "s", (unsigned long long)options->seed,
                measurement->elapsed_s);
  if (measurement->programs->python)
    (void)fprintf(out, "CPython %s: %s\n", measurement->programs->python_version,
                  measurement->programs->python);
  else
    (void)fprintf(out, "no CPython: %s; gilloc's policies run alone, with typical sizes of work\n",
                  measurement->programs->python_missing);
  if (machine->cores_usable < 2)
    (void)fprintf(out, "one core: nothing is pinned, and the convoy hides behind the scheduler\n");
}

static void print_bar(const struct printer *printer)
{
  struct gilloc_fidelity_bar bar = gilloc_fidelity_bar(printer->measurement);
  if (!bar.measured)
    return;
  (void)fprintf(
      printer->out,
      "\nping-pong: %s makes 0.5 to 2 times CPython's round trips in %u of %u cells; its losses are of the "
      "same\norder of magnitude in %u of %u\n",
      printer->measurement->rows[printer->measurement->reference], bar.within, bar.cells, bar.loss_within,
      bar.loss_cells);
  if (printer->measurement->options->rounds < GILLOC_SAMPLE_CLAIM_PAIRS)
    (void)fprintf(printer->out, "(%u round%s: sizes, not a claim)\n", printer->measurement->options->rounds,
                  printer->measurement->options->rounds == 1 ? "" : "s");
}

void gilloc_fidelity_report_print(const struct gilloc_fidelity_measurement *measurement,
                                  const struct gilloc_machine *machine, FILE *out)
{
  const char *no_color = getenv("NO_COLOR");
  struct printer printer = {measurement, out, isatty(fileno(out)) && !(no_color && *no_color)};
  print_head(&printer, machine);
  for (enum gilloc_fidelity_experiment i = 0; i < GILLOC_FIDELITY_EXPERIMENTS; i++) {
    if (measurement->options->only[i])
      print_experiment(&printer, i);
  }
  print_bar(&printer);
}
