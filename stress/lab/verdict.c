/* SPDX-License-Identifier: MIT
 *
 * verdict.c: the sentences.
 */
#include "verdict.h"

#include "figure.h"
#include "message.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sentence in the making. */
struct speech {
  const struct gilloc_summary *summary;
  enum gilloc_workload_id workload;
  FILE *out;
  unsigned clauses; /* so far */
  bool few;         /* the lab had too few rounds for any claim */
};

static const struct gilloc_schedule *schedule_of(const struct speech *speech)
{
  return speech->summary->measurement->schedule;
}

/* Puts a figure, which it frees, into the sentence. */
static void say_figure(const struct speech *speech, char *figure)
{
  (void)fputs(figure, speech->out);
  free(figure);
}

static void begin_clause(struct speech *speech)
{
  if (speech->clauses++ > 0)
    (void)fputs("; ", speech->out);
}

/* "1.93 times (1.90 to 1.95)" */
static void say_ratio(struct speech *speech, const struct gilloc_ratio *ratio)
{
  say_figure(speech, gilloc_figure_ratio(ratio->median));
  (void)fputs(" times (", speech->out);
  say_figure(speech, gilloc_figure_ratio(ratio->low));
  (void)fputs(" to ", speech->out);
  say_figure(speech, gilloc_figure_ratio(ratio->high));
  (void)fputs(")", speech->out);
}

/* What the ratio lets one say, as an apposition: `words` are for less than 1 and for more. */
static void say_finding(struct speech *speech, const struct gilloc_ratio *ratio, const char *const words[2])
{
  switch (gilloc_sample_finding(ratio)) {
  case GILLOC_FINDING_SAME:
    (void)fputs(", no difference shown", speech->out);
    break;
  case GILLOC_FINDING_LESS:
    (void)fprintf(speech->out, ", %s", words[0]);
    break;
  case GILLOC_FINDING_GREATER:
    (void)fprintf(speech->out, ", %s", words[1]);
    break;
  case GILLOC_FINDING_FEW:
    if (speech->summary->measurement->rounds_done < GILLOC_SAMPLE_CLAIM_PAIRS)
      speech->few = true;
    else
      (void)fputs(", too few good runs to say", speech->out);
    break;
  case GILLOC_FINDING_NONE:
    break;
  }
}

/* The number of threads that a sentence is about: the largest that the cores carry, but at least
 * `least`; where only more than the cores carry were run, the smallest of those. 0: none. The row none has
 * no choice, so it has no say. */
static unsigned choose_threads(const struct speech *speech, unsigned least)
{
  unsigned carried = 0;
  unsigned over = 0;
  for (size_t i = 0; i < schedule_of(speech)->count; i++) {
    const struct gilloc_cell *cell = &schedule_of(speech)->cells[i];
    if (cell->workload != speech->workload || cell->threads < least ||
        strncmp(cell->row, "none", strlen("none")) == 0)
      continue;
    if (!cell->oversubscribed && cell->threads > carried)
      carried = cell->threads;
    if (cell->oversubscribed && (over == 0 || cell->threads < over))
      over = cell->threads;
  }
  return carried ? carried : over;
}

static int find(const struct speech *speech, const char *row, unsigned threads)
{
  return gilloc_summary_find(speech->summary, speech->workload, row, threads);
}

static const char *oversubscribed(const struct speech *speech, int cell)
{
  return schedule_of(speech)->cells[cell].oversubscribed ? " (oversubscribed)" : "";
}

/* Every row with these threads against the baseline: what is left to say when the rows that the
 * workload is about were not asked for. */
static void say_against_baseline(struct speech *speech, unsigned threads)
{
  int baseline = speech->summary->baselines[speech->workload];
  const struct gilloc_options *options = speech->summary->measurement->options;
  static const char *const words[2] = {"less", "more"};
  for (size_t i = 0; i < options->row_count; i++) {
    int cell = find(speech, options->rows[i], threads);
    if (cell == GILLOC_NO_CELL || cell == baseline)
      continue;
    const struct gilloc_ratio *ratio = &speech->summary->rows[cell].ratio;
    char *name = gilloc_schedule_cell_name(&schedule_of(speech)->cells[baseline]);
    begin_clause(speech);
    if (speech->clauses == 1)
      (void)fprintf(speech->out,
                    "%s per second with %u thread%s%s, against %s: ", gilloc_result_unit(speech->workload),
                    threads, threads == 1 ? "" : "s", oversubscribed(speech, cell), name);
    free(name);
    (void)fprintf(speech->out, "%s ", options->rows[i]);
    say_ratio(speech, ratio);
    say_finding(speech, ratio, words);
  }
}

/* cpu: what does a row gain from more threads? */
static void say_scaling(struct speech *speech)
{
  const struct gilloc_options *options = speech->summary->measurement->options;
  static const char *const words[2] = {"nothing gained", "a gain"};
  unsigned threads = choose_threads(speech, 2);
  for (size_t i = 0; i < options->row_count && threads; i++) {
    int one = find(speech, options->rows[i], 1);
    int many = find(speech, options->rows[i], threads);
    if (one == GILLOC_NO_CELL || many == GILLOC_NO_CELL)
      continue;
    struct gilloc_ratio ratio = gilloc_summary_compare(speech->summary, GILLOC_MEASURE_THROUGHPUT,
                                                       (size_t[]){(size_t)many, (size_t)one});
    begin_clause(speech);
    if (speech->clauses == 1)
      (void)fprintf(speech->out, "%u threads%s do, of what 1 does: ", threads, oversubscribed(speech, many));
    (void)fprintf(speech->out, "%s ", options->rows[i]);
    say_ratio(speech, &ratio);
    say_finding(speech, &ratio, words);
  }
}

/* "gil 5.12 ms, near the switch interval of 5.00 ms" */
static void say_delay(struct speech *speech, int cell, bool compare_with_interval)
{
  double p50 = speech->summary->rows[cell].p50;
  double interval = speech->summary->measurement->options->interval_us * 1e3;
  (void)fprintf(speech->out, "%s ", schedule_of(speech)->cells[cell].row);
  say_figure(speech, gilloc_figure_time(p50));
  if (!compare_with_interval)
    return;
  double times = p50 / interval;
  if (times >= 0.5 && times <= 2)
    (void)fputs(", near the switch interval of ", speech->out);
  else
    (void)fprintf(speech->out, ", %.3g times the switch interval of ", times);
  say_figure(speech, gilloc_figure_time(interval));
}

/* The two medians and their ratio, where both rows answered often enough. */
static bool say_delays(struct speech *speech, unsigned threads, const char *opening)
{
  static const char *const words[2] = {"gil answers sooner", "gil answers later"};
  int gil = find(speech, "gil", threads);
  int fine = find(speech, "fine", threads);
  if (gil == GILLOC_NO_CELL || fine == GILLOC_NO_CELL || isnan(speech->summary->rows[gil].p50) ||
      isnan(speech->summary->rows[fine].p50))
    return false;
  begin_clause(speech);
  (void)fprintf(speech->out, "%s%s, half of the requests are answered within: ", opening,
                oversubscribed(speech, gil));
  say_delay(speech, gil, speech->workload == GILLOC_WORKLOAD_MIXED);
  begin_clause(speech);
  say_delay(speech, fine, false);
  struct gilloc_ratio ratio =
      gilloc_summary_compare(speech->summary, GILLOC_MEASURE_P50, (size_t[]){(size_t)gil, (size_t)fine});
  begin_clause(speech);
  (void)fputs("gil takes ", speech->out);
  say_ratio(speech, &ratio);
  (void)fputs(" as long as fine", speech->out);
  say_finding(speech, &ratio, words);
  return true;
}

/* A row that does not keep up with the rate has no latency worth comparing. */
static void say_overload(struct speech *speech, unsigned threads)
{
  const struct gilloc_options *options = speech->summary->measurement->options;
  double rate = gilloc_schedule_rate(options, speech->workload);
  for (size_t i = 0; i < options->row_count; i++) {
    int cell = find(speech, options->rows[i], threads);
    if (cell == GILLOC_NO_CELL || speech->summary->rows[cell].throughput >= 0.95 * rate)
      continue;
    begin_clause(speech);
    (void)fprintf(speech->out, "%s does not keep up and answers ", options->rows[i]);
    say_figure(speech, gilloc_figure_quantity(speech->summary->rows[cell].throughput));
    (void)fputs("/s", speech->out);
  }
}

static void say_service(struct speech *speech)
{
  unsigned threads = choose_threads(speech, 1);
  char *opening =
      gilloc_message_format("at %u requests/s with %u server thread%s",
                            gilloc_schedule_rate(speech->summary->measurement->options, speech->workload),
                            threads, threads == 1 ? "" : "s");
  if (!say_delays(speech, threads, opening))
    say_against_baseline(speech, threads);
  say_overload(speech, threads);
  free(opening);
}

/* What fine's service takes without cpu threads, where io ran too. */
static void say_unloaded(struct speech *speech)
{
  int cell = gilloc_summary_find(speech->summary, GILLOC_WORKLOAD_IO, "fine", 1);
  if (cell == GILLOC_NO_CELL)
    cell = gilloc_summary_find(speech->summary, GILLOC_WORKLOAD_IO, "fine", 2);
  if (cell == GILLOC_NO_CELL || isnan(speech->summary->rows[cell].p50))
    return;
  begin_clause(speech);
  (void)fputs("with no cpu thread beside it (io) fine takes ", speech->out);
  say_figure(speech, gilloc_figure_time(speech->summary->rows[cell].p50));
}

/* mixed: how long does the service wait behind the cpu threads? */
static void say_convoy(struct speech *speech)
{
  unsigned threads = choose_threads(speech, 1);
  char *opening = gilloc_message_format("beside %u cpu thread%s", threads, threads == 1 ? "" : "s");
  if (say_delays(speech, threads, opening))
    say_unloaded(speech);
  else
    say_against_baseline(speech, threads);
  free(opening);
}

/* alloc, replay: fine against its two rivals. */
static void say_allocation(struct speech *speech)
{
  static const char *const rivals[] = {"gil", "system"};
  static const char *const words[2] = {"less", "more"};
  unsigned threads = choose_threads(speech, 1);
  int fine = find(speech, "fine", threads);
  for (size_t i = 0; i < 2 && fine != GILLOC_NO_CELL; i++) {
    int rival = find(speech, rivals[i], threads);
    if (rival == GILLOC_NO_CELL)
      continue;
    struct gilloc_ratio ratio = gilloc_summary_compare(speech->summary, GILLOC_MEASURE_THROUGHPUT,
                                                       (size_t[]){(size_t)fine, (size_t)rival});
    begin_clause(speech);
    if (speech->clauses == 1)
      (void)fprintf(speech->out, "with %u thread%s%s fine does ", threads, threads == 1 ? "" : "s",
                    oversubscribed(speech, fine));
    say_ratio(speech, &ratio);
    (void)fprintf(speech->out, " the operations of %s", rivals[i]);
    say_finding(speech, &ratio, words);
  }
  if (speech->clauses == 0)
    say_against_baseline(speech, threads);
}

static void say_workload(struct speech *speech)
{
  switch (speech->workload) {
  case GILLOC_WORKLOAD_CPU:
    say_scaling(speech);
    if (speech->clauses == 0)
      say_against_baseline(speech, choose_threads(speech, 1));
    break;
  case GILLOC_WORKLOAD_IO:
    say_service(speech);
    break;
  case GILLOC_WORKLOAD_MIXED:
    say_convoy(speech);
    break;
  case GILLOC_WORKLOAD_ALLOC:
  case GILLOC_WORKLOAD_REPLAY:
    say_allocation(speech);
    break;
  case GILLOC_WORKLOADS:
    break;
  }
}

char *gilloc_verdict_make(const struct gilloc_summary *summary, enum gilloc_workload_id workload)
{
  char *text = NULL;
  size_t size = 0;
  FILE *out = gilloc_message_need(open_memstream(&text, &size));
  struct speech speech = {.summary = summary, .workload = workload, .out = out};
  if (summary->baselines[workload] == GILLOC_NO_CELL)
    (void)fputs("no run succeeded, so there is nothing to say", out);
  else
    say_workload(&speech);
  if (summary->baselines[workload] != GILLOC_NO_CELL && speech.clauses == 0)
    (void)fputs("only one row, so there is nothing to compare", out);
  if (speech.few)
    (void)fprintf(out, "; fewer than %d rounds stand behind this, so it shows sizes and claims nothing",
                  GILLOC_SAMPLE_CLAIM_PAIRS);
  (void)fputs(".", out);
  (void)fclose(out);
  return gilloc_message_need(text);
}
