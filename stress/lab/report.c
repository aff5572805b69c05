/* SPDX-License-Identifier: MIT
 *
 * report.c: the printed report.
 */
#include "report.h"

#include "figure.h"
#include "message.h"
#include "table.h"
#include "verdict.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WIDTH = 100 };
static const double others_worth_a_word = 0.05;

struct page {
  const struct gilloc_summary *summary;
  FILE *out;
  bool colours;
};

/* Which columns a workload's table has, besides those that every one has. */
struct columns {
  bool delays;
  bool gil;
  bool evenness;
};

static const char *const headlines[GILLOC_WORKLOADS] = {
    [GILLOC_WORKLOAD_CPU] = "threads index the words of a text and merge their counts",
    [GILLOC_WORKLOAD_IO] = "server threads answer requests",
    [GILLOC_WORKLOAD_MIXED] = "one server thread answers requests beside threads that index words",
    [GILLOC_WORKLOAD_ALLOC] = "threads allocate, hand over and free",
    [GILLOC_WORKLOAD_REPLAY] = "threads do what the trace's threads did, again and again"};

static const struct gilloc_cell *cell_of(const struct page *page, const struct gilloc_row *row)
{
  return &page->summary->measurement->schedule->cells[row->cell];
}

static void print_machine(const struct page *page)
{
  const struct gilloc_machine *machine = page->summary->measurement->machine;
  (void)fprintf(page->out, "%u of %u cores, %s, %s, %s, governor %s, load %.2f before the start\n",
                machine->cores_usable, machine->cores_online, machine->cpu, machine->kernel,
                machine->compiler, machine->governor, machine->load[0]);
  double others = page->summary->measurement->others_share;
  if (others > others_worth_a_word)
    (void)fprintf(
        page->out,
        "%sOther programs took %.0f %% of the cores' time during the runs: expect wide spreads.%s\n",
        gilloc_table_on(GILLOC_TINT_BAD, page->colours), others * 100,
        gilloc_table_off(GILLOC_TINT_BAD, page->colours));
}

static void print_head(const struct page *page)
{
  const struct gilloc_measurement *measurement = page->summary->measurement;
  const struct gilloc_schedule *schedule = measurement->schedule;
  (void)fprintf(
      page->out,
      "%sgilloc lab %s%s  %s  seed %" PRIu64 "  %u round%s of %.2f s, each row once a round in random "
      "order (%.0f s in all), GIL policy %s\n",
      gilloc_table_on(GILLOC_TINT_BOLD, page->colours), GILLOC_DRIVER_VERSION,
      gilloc_table_off(GILLOC_TINT_BOLD, page->colours), measurement->machine->date,
      measurement->options->seed, measurement->rounds_done, measurement->rounds_done == 1 ? "" : "s",
      schedule->seconds, measurement->elapsed_s, measurement->options->policy);
  print_machine(page);
  if (measurement->rounds_done < schedule->rounds)
    (void)fprintf(page->out, "Stopped after %u of %u rounds, because the time was up.\n",
                  measurement->rounds_done, schedule->rounds);
}

static struct columns choose_columns(const struct page *page, enum gilloc_workload_id workload)
{
  struct columns columns = {.delays = workload == GILLOC_WORKLOAD_IO || workload == GILLOC_WORKLOAD_MIXED};
  for (size_t i = 0; i < page->summary->measurement->schedule->count; i++) {
    const struct gilloc_row *row = &page->summary->rows[i];
    if (cell_of(page, row)->workload != workload)
      continue;
    columns.gil = columns.gil || !isnan(row->waited_share);
    columns.evenness = columns.evenness || !isnan(row->evenness);
  }
  return columns;
}

static void add_heading(struct gilloc_table *table, const char *text)
{
  gilloc_table_add(table, gilloc_message_need(strdup(text)), GILLOC_TINT_BOLD);
}

static void add_headings(struct gilloc_table *table, const struct columns *columns,
                         enum gilloc_workload_id workload)
{
  static const char *const rates[GILLOC_WORKLOADS] = {"words/s", "req/s", "words/s", "ops/s", "ops/s"};
  add_heading(table, "row");
  add_heading(table, "threads");
  add_heading(table, rates[workload]);
  add_heading(table, "ratio");
  add_heading(table, "spread");
  if (columns->delays) {
    add_heading(table, "p50");
    add_heading(table, "p99");
    add_heading(table, "max");
  }
  add_heading(table, "memory");
  if (columns->gil)
    add_heading(table, "GIL wait");
  if (columns->evenness)
    add_heading(table, "even");
  add_heading(table, "verified");
  gilloc_table_end_row(table);
}

static void add_ratio(struct gilloc_table *table, const struct gilloc_row *row)
{
  enum gilloc_finding finding = gilloc_sample_finding(&row->ratio);
  enum gilloc_tint tint = finding == GILLOC_FINDING_GREATER ? GILLOC_TINT_GOOD
                          : finding == GILLOC_FINDING_LESS  ? GILLOC_TINT_BAD
                                                            : GILLOC_TINT_PLAIN;
  gilloc_table_add(table, gilloc_figure_ratio(row->ratio.median),
                   row->is_baseline ? GILLOC_TINT_PLAIN : tint);
  if (row->is_baseline || row->ratio.pairs == 0) {
    gilloc_table_add(table, gilloc_message_format("%s", row->is_baseline ? "baseline" : "-"),
                     GILLOC_TINT_FAINT);
    return;
  }
  char *low = gilloc_figure_ratio(row->ratio.low);
  char *high = gilloc_figure_ratio(row->ratio.high);
  gilloc_table_add(table, gilloc_message_format("%s..%s", low, high), GILLOC_TINT_PLAIN);
  free(low);
  free(high);
}

static void add_verified(struct gilloc_table *table, const struct gilloc_row *row)
{
  if (row->bad == 0)
    gilloc_table_add(table, gilloc_message_format("yes"), GILLOC_TINT_GOOD);
  else
    gilloc_table_add(table,
                     gilloc_message_format("%s %u/%u", gilloc_result_outcome_name(row->worst), row->bad,
                                           row->good + row->bad),
                     GILLOC_TINT_BAD);
}

static void add_row(struct gilloc_table *table, const struct page *page, const struct gilloc_row *row)
{
  const struct gilloc_cell *cell = cell_of(page, row);
  const struct columns columns = choose_columns(page, cell->workload);
  gilloc_table_add(table, gilloc_message_need(strdup(cell->row)), GILLOC_TINT_PLAIN);
  gilloc_table_add(table, gilloc_message_format("%u%s", cell->threads, cell->oversubscribed ? "*" : ""),
                   GILLOC_TINT_PLAIN);
  gilloc_table_add(table, gilloc_figure_quantity(row->throughput), GILLOC_TINT_PLAIN);
  add_ratio(table, row);
  if (columns.delays) {
    gilloc_table_add(table, gilloc_figure_time(row->p50), GILLOC_TINT_PLAIN);
    gilloc_table_add(table, gilloc_figure_time(row->p99), GILLOC_TINT_PLAIN);
    gilloc_table_add(table, gilloc_figure_time(row->max), GILLOC_TINT_PLAIN);
  }
  gilloc_table_add(table, gilloc_figure_memory(row->peak_bytes), GILLOC_TINT_PLAIN);
  if (columns.gil)
    gilloc_table_add(table, gilloc_figure_percent(row->waited_share), GILLOC_TINT_PLAIN);
  if (columns.evenness)
    gilloc_table_add(table, gilloc_figure_ratio(row->evenness), GILLOC_TINT_PLAIN);
  add_verified(table, row);
  gilloc_table_end_row(table);
}

static void print_heading(const struct page *page, enum gilloc_workload_id workload)
{
  const struct gilloc_measurement *measurement = page->summary->measurement;
  unsigned rate = gilloc_schedule_rate(measurement->options, workload);
  int baseline = page->summary->baselines[workload];
  (void)fprintf(page->out, "\n%s%s%s: %s", gilloc_table_on(GILLOC_TINT_BOLD, page->colours),
                gilloc_options_workload_name(workload), gilloc_table_off(GILLOC_TINT_BOLD, page->colours),
                headlines[workload]);
  if (rate)
    (void)fprintf(page->out, " (%u/s)", rate);
  if (baseline != GILLOC_NO_CELL) {
    char *name = gilloc_schedule_cell_name(&measurement->schedule->cells[baseline]);
    (void)fprintf(page->out, "; ratio to %s", name);
    free(name);
  }
  (void)fputs("\n", page->out);
}

/* Breaks a sentence into lines, the later ones indented. */
static void print_wrapped(const struct page *page, const char *label, const char *text)
{
  (void)fprintf(page->out, "  %s%s%s", gilloc_table_on(GILLOC_TINT_BOLD, page->colours), label,
                gilloc_table_off(GILLOC_TINT_BOLD, page->colours));
  size_t used = strlen(label) + 2;
  while (*text) {
    size_t word = strcspn(text, " ");
    bool fits = used + 1 + word <= WIDTH;
    (void)fprintf(page->out, "%s%.*s", fits ? " " : "\n    ", (int)word, text);
    used = (fits ? used + 1 : 4) + word;
    text += word + strspn(text + word, " ");
  }
  (void)fputs("\n", page->out);
}

static void print_troubles(const struct page *page, enum gilloc_workload_id workload)
{
  for (size_t i = 0; i < page->summary->measurement->schedule->count; i++) {
    const struct gilloc_row *row = &page->summary->rows[i];
    if (cell_of(page, row)->workload != workload)
      continue;
    char *name = gilloc_schedule_cell_name(cell_of(page, row));
    if (row->bad > 0)
      (void)fprintf(page->out, "  %s! %s: %s in %u of %u runs: %s%s\n",
                    gilloc_table_on(GILLOC_TINT_BAD, page->colours), name,
                    gilloc_result_outcome_name(row->worst), row->bad, row->good + row->bad, row->detail,
                    gilloc_table_off(GILLOC_TINT_BAD, page->colours));
    if (row->lost > 0)
      (void)fprintf(page->out, "  %s: %.0f requests were never answered\n", name, row->lost);
    free(name);
  }
}

static void print_workload(const struct page *page, enum gilloc_workload_id workload)
{
  struct gilloc_table table = {NULL, 0, 0};
  struct columns columns = choose_columns(page, workload);
  print_heading(page, workload);
  add_headings(&table, &columns, workload);
  for (size_t i = 0; i < page->summary->measurement->schedule->count; i++) {
    if (cell_of(page, &page->summary->rows[i])->workload == workload)
      add_row(&table, page, &page->summary->rows[i]);
  }
  gilloc_table_print(&table, page->out, page->colours);
  gilloc_table_fini(&table);
  print_troubles(page, workload);
  char *verdict = gilloc_verdict_make(page->summary, workload);
  print_wrapped(page, "Verdict:", verdict);
  free(verdict);
}

static void print_legend(const struct page *page)
{
  const struct gilloc_measurement *measurement = page->summary->measurement;
  bool oversubscribed = false;
  for (size_t i = 0; i < measurement->schedule->count; i++)
    oversubscribed = oversubscribed || measurement->schedule->cells[i].oversubscribed;
  bool interval = measurement->rounds_done >= GILLOC_SAMPLE_CLAIM_PAIRS;
  (void)fprintf(
      page->out,
      "\nMedians over the rounds; max over all. Spread: %s. p50, p99, max: from the\n"
      "intended start, where %d or more samples lie beyond. Even: slowest thread by fastest. More in "
      "docs/lab.md.\n",
      interval ? "95 % interval of the ratio (bootstrap)" : "least and greatest ratio of a round",
      GILLOC_BEYOND);
  if (oversubscribed)
    (void)fprintf(page->out, "* oversubscribed: more runnable threads than the %u cores.\n",
                  measurement->schedule->cores);
  if (page->summary->verified)
    (void)fprintf(page->out, "All checksums verified.\n");
}

void gilloc_report_print(const struct gilloc_summary *summary, FILE *out)
{
  const char *no_colour = getenv("NO_COLOR");
  bool colours = isatty(fileno(out)) && !(no_colour && *no_colour);
  struct page page = {summary, out, colours};
  print_head(&page);
  for (enum gilloc_workload_id workload = 0; workload < GILLOC_WORKLOADS; workload++) {
    if (summary->measurement->options->workloads[workload])
      print_workload(&page, workload);
  }
  print_legend(&page);
}
