/* SPDX-License-Identifier: MIT
 *
 * bench_report.c: the printed report.
 */
#include "bench_report.h"

#include "bench_grid.h"
#include "figure.h"
#include "message.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct page {
  const struct gilloc_bench_summary *summary;
  FILE *out;
  bool markdown;
};

static const double barely = 0.005;

static const struct gilloc_bench_peers *peers_of(const struct page *page)
{
  return page->summary->measurement->peers;
}

static const struct gilloc_bench_suite *suite_of(const struct page *page)
{
  return page->summary->measurement->suite;
}

static void headline(const struct page *page, const char *text)
{
  (void)fprintf(page->out, page->markdown ? "\n### %s\n\n" : "\n%s\n", text);
}

static void print_head(const struct page *page)
{
  const struct gilloc_bench_measurement *measurement = page->summary->measurement;
  const struct gilloc_machine *machine = &measurement->machine;
  const struct gilloc_bench_options *options = measurement->options;
  (void)fprintf(page->out,
                "gilloc bench %s, %s, seed %" PRIu64
                ", %u round%s of %u %% of the work in random order (%.0f s in all)%s\n",
                GILLOC_DRIVER_VERSION, machine->date, options->seed, options->rounds,
                options->rounds == 1 ? "" : "s", options->percent, measurement->elapsed_s,
                page->markdown ? ".  " : "");
  (void)fprintf(page->out,
                "%u of %u cores, %s, %s, %s, %s, governor %s, huge pages %s, load %.2f before the start\n",
                machine->cores_usable, machine->cores_online, machine->cpu, machine->kernel, machine->libc,
                machine->compiler, machine->governor, machine->huge_pages, machine->load[0]);
  if (!page->markdown) {
    for (size_t i = 0; i < measurement->peers->count; i++)
      (void)fprintf(page->out, "  %s: %s\n", measurement->peers->items[i].name,
                    measurement->peers->items[i].library ? measurement->peers->items[i].library
                                                         : "nothing preloaded");
  }
  if (measurement->rounds_done < options->rounds)
    (void)fprintf(page->out, "%sStopped after %u of %u rounds, because the time was up.\n",
                  page->markdown ? "\n" : "", measurement->rounds_done, options->rounds);
  if (measurement->rounds_done < GILLOC_SAMPLE_CLAIM_PAIRS)
    (void)fprintf(
        page->out,
        "%sFewer than %d rounds: the intervals are the smallest and the largest pair and claim nothing.\n",
        page->markdown ? "\n" : "", GILLOC_SAMPLE_CLAIM_PAIRS);
}

static enum gilloc_tint tint_of(const struct gilloc_ratio *ratio)
{
  switch (gilloc_sample_finding(ratio)) {
  case GILLOC_FINDING_LESS:
    return GILLOC_TINT_GOOD;
  case GILLOC_FINDING_GREATER:
    return GILLOC_TINT_BAD;
  default:
    return GILLOC_TINT_PLAIN;
  }
}

/* "0.87 [0.85, 0.90]" */
static char *ratio_text(const struct gilloc_ratio *ratio)
{
  if (ratio->pairs == 0)
    return gilloc_message_format("-");
  if (ratio->pairs == 1)
    return gilloc_message_format("%.2f", ratio->median);
  return gilloc_message_format("%.2f [%.2f, %.2f]", ratio->median, ratio->low, ratio->high);
}

static void mean_cell(struct gilloc_bench_grid *grid, struct gilloc_bench_mean mean)
{
  enum gilloc_tint tint = mean.ratio >= 1 + barely   ? GILLOC_TINT_BAD
                          : mean.ratio <= 1 - barely ? GILLOC_TINT_GOOD
                                                     : GILLOC_TINT_PLAIN;
  char *text = mean.rows ? gilloc_message_format("%.3f", mean.ratio) : gilloc_message_format("-");
  gilloc_bench_grid_add(grid, text, mean.rows ? tint : GILLOC_TINT_PLAIN);
}

/* Which measure of which rows a line of the means has. */
struct line {
  const char *name;
  enum gilloc_bench_measure measure;
  enum gilloc_bench_group group;
};

static void mean_line(const struct page *page, struct gilloc_bench_grid *grid, const struct line *line)
{
  struct gilloc_bench_mean best =
      gilloc_bench_summary_mean(page->summary, line->measure, line->group, GILLOC_BENCH_NOBODY);
  if (best.rows == 0)
    return;
  gilloc_bench_grid_add(grid, gilloc_message_format("%s", line->name), GILLOC_TINT_PLAIN);
  for (size_t i = 1; i < peers_of(page)->count; i++)
    mean_cell(grid, gilloc_bench_summary_mean(page->summary, line->measure, line->group, (int)i));
  mean_cell(grid, line->measure == GILLOC_BENCH_TIME ? best : (struct gilloc_bench_mean){NAN, 0});
  gilloc_bench_grid_add(grid, gilloc_message_format("%zu", best.rows), GILLOC_TINT_PLAIN);
  gilloc_bench_grid_end_row(grid);
}

static void print_means(const struct page *page)
{
  static const struct line lines[] = {{"time, single", GILLOC_BENCH_TIME, GILLOC_BENCH_SINGLE},
                                      {"time, parallel", GILLOC_BENCH_TIME, GILLOC_BENCH_PARALLEL},
                                      {"time, crossing", GILLOC_BENCH_TIME, GILLOC_BENCH_CROSSING},
                                      {"time, large", GILLOC_BENCH_TIME, GILLOC_BENCH_LARGE},
                                      {"time, programs", GILLOC_BENCH_TIME, GILLOC_BENCH_PROGRAMS},
                                      {"time, all", GILLOC_BENCH_TIME, GILLOC_BENCH_GROUPS},
                                      {"processor time, all", GILLOC_BENCH_CPU, GILLOC_BENCH_GROUPS},
                                      {"peak memory, all", GILLOC_BENCH_PEAK, GILLOC_BENCH_GROUPS},
                                      {"settled memory, all", GILLOC_BENCH_SETTLED, GILLOC_BENCH_GROUPS}};
  char *text = gilloc_message_format("Geometric means of %s by each (below 1: %s is faster, or smaller)",
                                     peers_of(page)->items[0].name, peers_of(page)->items[0].name);
  headline(page, text);
  free(text);
  struct gilloc_bench_grid grid = gilloc_bench_grid_make(page->out, page->markdown);
  gilloc_bench_grid_add(&grid, gilloc_message_format("mean of"), GILLOC_TINT_BOLD);
  for (size_t i = 1; i < peers_of(page)->count; i++)
    gilloc_bench_grid_add(&grid, gilloc_message_format("by %s", peers_of(page)->items[i].name),
                          GILLOC_TINT_BOLD);
  gilloc_bench_grid_add(&grid, gilloc_message_format("by each row's best"), GILLOC_TINT_BOLD);
  gilloc_bench_grid_add(&grid, gilloc_message_format("rows"), GILLOC_TINT_BOLD);
  gilloc_bench_grid_end_row(&grid);
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    mean_line(page, &grid, &lines[i]);
  gilloc_bench_grid_print(&grid);
}

static void row_name(const struct page *page, struct gilloc_bench_grid *grid, size_t row)
{
  gilloc_bench_grid_add(grid, gilloc_message_format("%s", suite_of(page)->rows[row].name), GILLOC_TINT_PLAIN);
}

static void ratio_cell(const struct page *page, struct gilloc_bench_grid *grid, const size_t place[2],
                       enum gilloc_bench_measure measure)
{
  const struct gilloc_bench_cell *cell = gilloc_bench_summary_cell(page->summary, place[0], place[1]);
  if (cell->bad > 0)
    gilloc_bench_grid_add(grid,
                          gilloc_message_format("%s", gilloc_bench_outcome_name(cell->first_bad->outcome)),
                          GILLOC_TINT_BAD);
  else
    gilloc_bench_grid_add(grid, ratio_text(&cell->ratio[measure]), tint_of(&cell->ratio[measure]));
}

static const char *verdict(const struct page *page, size_t row)
{
  int best = page->summary->best[row];
  if (best == GILLOC_BENCH_NOBODY || gilloc_bench_summary_cell(page->summary, row, 0)->good == 0)
    return "-";
  switch (gilloc_sample_finding(
      &gilloc_bench_summary_cell(page->summary, row, (size_t)best)->ratio[GILLOC_BENCH_TIME])) {
  case GILLOC_FINDING_LESS:
    return "won";
  case GILLOC_FINDING_GREATER:
    return "LOST";
  case GILLOC_FINDING_SAME:
    return "even";
  default:
    return "?";
  }
}

static char *own_time(const struct page *page, size_t row)
{
  const struct gilloc_bench_cell *cell = gilloc_bench_summary_cell(page->summary, row, 0);
  if (cell->bad > 0)
    return gilloc_message_format("%s", gilloc_bench_outcome_name(cell->first_bad->outcome));
  return gilloc_figure_time(cell->median[GILLOC_BENCH_TIME] * 1e9);
}

static void time_line(const struct page *page, struct gilloc_bench_grid *grid, size_t row)
{
  const struct gilloc_bench_peers *peers = peers_of(page);
  int best = page->summary->best[row];
  bool lost = gilloc_bench_summary_is_lost(page->summary, row);
  row_name(page, grid, row);
  gilloc_bench_grid_add(grid, own_time(page, row),
                        gilloc_bench_summary_cell(page->summary, row, 0)->bad ? GILLOC_TINT_BAD
                                                                              : GILLOC_TINT_PLAIN);
  for (size_t i = 1; i < peers->count; i++)
    ratio_cell(page, grid, (size_t[]){row, i}, GILLOC_BENCH_TIME);
  gilloc_bench_grid_add(
      grid, gilloc_message_format("%s", best == GILLOC_BENCH_NOBODY ? "-" : peers->items[best].name),
      GILLOC_TINT_PLAIN);
  gilloc_bench_grid_add(grid, gilloc_message_format("%s", verdict(page, row)),
                        lost ? GILLOC_TINT_BAD : GILLOC_TINT_PLAIN);
  gilloc_bench_grid_end_row(grid);
}

static void print_time(const struct page *page)
{
  const struct gilloc_bench_peers *peers = peers_of(page);
  char *text =
      gilloc_message_format("Time of %s, and as a ratio to each [95 %% interval]", peers->items[0].name);
  headline(page, text);
  free(text);
  struct gilloc_bench_grid grid = gilloc_bench_grid_make(page->out, page->markdown);
  gilloc_bench_grid_add(&grid, gilloc_message_format("row"), GILLOC_TINT_BOLD);
  gilloc_bench_grid_add(&grid, gilloc_message_format("%s", peers->items[0].name), GILLOC_TINT_BOLD);
  for (size_t i = 1; i < peers->count; i++)
    gilloc_bench_grid_add(&grid, gilloc_message_format("by %s", peers->items[i].name), GILLOC_TINT_BOLD);
  gilloc_bench_grid_add(&grid, gilloc_message_format("best other"), GILLOC_TINT_BOLD);
  gilloc_bench_grid_add(&grid, gilloc_message_format("beside it"), GILLOC_TINT_BOLD);
  gilloc_bench_grid_end_row(&grid);
  for (size_t row = 0; row < suite_of(page)->count; row++) {
    if (!suite_of(page)->rows[row].skipped)
      time_line(page, &grid, row);
  }
  gilloc_bench_grid_print(&grid);
}

static void memory_line(const struct page *page, struct gilloc_bench_grid *grid, size_t row)
{
  const struct gilloc_bench_cell *own = gilloc_bench_summary_cell(page->summary, row, 0);
  row_name(page, grid, row);
  for (enum gilloc_bench_measure measure = GILLOC_BENCH_PEAK; measure <= GILLOC_BENCH_SETTLED; measure++) {
    gilloc_bench_grid_add(grid, gilloc_figure_memory(own->median[measure]), GILLOC_TINT_PLAIN);
    for (size_t i = 1; i < peers_of(page)->count; i++) {
      const struct gilloc_ratio *ratio = &gilloc_bench_summary_cell(page->summary, row, i)->ratio[measure];
      gilloc_bench_grid_add(grid, gilloc_figure_ratio(ratio->median), tint_of(ratio));
    }
  }
  gilloc_bench_grid_end_row(grid);
}

static void print_memory(const struct page *page)
{
  const struct gilloc_bench_peers *peers = peers_of(page);
  char *text = gilloc_message_format("Memory of %s, at its peak and settled (all freed), and as ratios",
                                     peers->items[0].name);
  headline(page, text);
  free(text);
  struct gilloc_bench_grid grid = gilloc_bench_grid_make(page->out, page->markdown);
  gilloc_bench_grid_add(&grid, gilloc_message_format("row"), GILLOC_TINT_BOLD);
  static const char *const names[] = {"peak", "settled"};
  for (size_t which = 0; which < 2; which++) {
    gilloc_bench_grid_add(&grid, gilloc_message_format("%s", names[which]), GILLOC_TINT_BOLD);
    for (size_t i = 1; i < peers->count; i++)
      gilloc_bench_grid_add(&grid, gilloc_message_format("by %s", peers->items[i].name), GILLOC_TINT_BOLD);
  }
  gilloc_bench_grid_end_row(&grid);
  for (size_t row = 0; row < suite_of(page)->count; row++) {
    if (!suite_of(page)->rows[row].skipped)
      memory_line(page, &grid, row);
  }
  gilloc_bench_grid_print(&grid);
}

/* What was skipped, and what failed with the reason of its first failure. */
static void print_remarks(const struct page *page)
{
  const char *mark = page->markdown ? "* " : "  ";
  (void)fputs("\n", page->out);
  for (size_t row = 0; row < suite_of(page)->count; row++) {
    const char *name = suite_of(page)->rows[row].name;
    if (suite_of(page)->rows[row].skipped)
      (void)fprintf(page->out, "%s%s skipped: %s\n", mark, name, suite_of(page)->rows[row].skipped);
    for (size_t i = 0; i < peers_of(page)->count; i++) {
      const struct gilloc_bench_cell *cell = gilloc_bench_summary_cell(page->summary, row, i);
      if (cell->bad > 0)
        (void)fprintf(page->out, "%s%s on %s %s in %u of %u runs: %s\n", mark, name,
                      peers_of(page)->items[i].name, gilloc_bench_outcome_name(cell->first_bad->outcome),
                      cell->bad, cell->bad + cell->good, cell->first_bad->detail);
    }
  }
}

void gilloc_bench_report_print(const struct gilloc_bench_summary *summary, FILE *out)
{
  struct page page = {summary, out, summary->measurement->options->markdown};
  print_head(&page);
  print_time(&page);
  print_memory(&page);
  print_means(&page);
  print_remarks(&page);
}
