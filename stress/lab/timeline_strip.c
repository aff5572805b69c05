/* SPDX-License-Identifier: MIT
 *
 * timeline_strip.c: time shared out to columns, and a glyph for each column. A drop by force is shown
 * wherever there was one, and running wherever there was any, however brief: between them they are the story.
 * Of the rest, what took most of the column.
 */
#include "timeline_strip.h"

#include "message.h"
#include "table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { INDENT = 2, GAP = 2, COLUMNS_A_LABEL = 20 };

enum glyph {
  GLYPH_NOTHING,
  GLYPH_RUNS,
  GLYPH_RUNS_BRIEFLY,
  GLYPH_WAITS,
  GLYPH_BLOCKED,
  GLYPH_FORCED,
  GLYPHS
};

static const struct {
  const char *utf8;
  const char *ascii;
  const char *colour;
  const char *meaning; /* NULL: not in the legend */
} glyphs[GLYPHS] = {[GLYPH_NOTHING] = {" ", " ", "", NULL},
                    [GLYPH_RUNS] = {"█", "#", "\033[32m", "runs"},
                    [GLYPH_RUNS_BRIEFLY] = {"▄", "+", "\033[32m", "for less than half of the column"},
                    [GLYPH_WAITS] = {"░", ".", "\033[33m", "waits for the GIL"},
                    [GLYPH_BLOCKED] = {"─", "-", "\033[2m", "in a blocking call"},
                    [GLYPH_FORCED] = {"╳", "x", "\033[31m", "forced off it"}};

static const char colour_off[] = "\033[0m";

/* What fell into one column. */
struct column {
  uint64_t spent_ns[GILLOC_TIMELINE_STATES];
  size_t forced; /* drops */
};

/* What fell into the whole view. */
struct sums {
  struct column all;
  uint64_t longest_wait_ns;
};

/* The view of one run: its end is within the run. */
struct drawing {
  const struct gilloc_timeline_view *view;
  uint64_t from_ns;
  uint64_t to_ns;
  unsigned name_width;
  unsigned columns;
  FILE *out;
};

static uint64_t column_start(const struct drawing *drawing, unsigned column)
{
  return drawing->from_ns +
         (uint64_t)((double)(drawing->to_ns - drawing->from_ns) * column / drawing->columns);
}

static uint64_t overlap(const struct gilloc_timeline_slice *slice, uint64_t from_ns, uint64_t to_ns)
{
  uint64_t from = slice->from_ns > from_ns ? slice->from_ns : from_ns;
  uint64_t to = slice->to_ns < to_ns ? slice->to_ns : to_ns;
  return to > from ? to - from : 0;
}

/* Slices ascend, so each column begins its search where the last one ended it. */
static void share_out(const struct drawing *drawing, const struct gilloc_timeline_thread *thread,
                      struct column *columns)
{
  size_t slice = 0, mark = 0;
  memset(columns, 0, drawing->columns * sizeof *columns);
  for (unsigned c = 0; c < drawing->columns; c++) {
    uint64_t from = column_start(drawing, c), to = column_start(drawing, c + 1);
    while (slice < thread->slice_count && thread->slices[slice].to_ns <= from)
      slice++;
    for (size_t i = slice; i < thread->slice_count && thread->slices[i].from_ns < to; i++)
      columns[c].spent_ns[thread->slices[i].state] += overlap(&thread->slices[i], from, to);
    for (; mark < thread->mark_count && thread->marks[mark].at_ns < to; mark++)
      columns[c].forced +=
          thread->marks[mark].at_ns >= from && thread->marks[mark].moment == GILLOC_TIMELINE_FORCED_OFF;
  }
}

static enum glyph choose_glyph(const struct column *column, uint64_t length_ns)
{
  static const enum glyph of_state[] = {[GILLOC_TIMELINE_OUTSIDE] = GLYPH_NOTHING,
                                        [GILLOC_TIMELINE_WAITING] = GLYPH_WAITS,
                                        [GILLOC_TIMELINE_BLOCKED] = GLYPH_BLOCKED,
                                        [GILLOC_TIMELINE_FORCED] = GLYPH_FORCED};
  static const enum gilloc_timeline_state rest[] = {GILLOC_TIMELINE_WAITING, GILLOC_TIMELINE_BLOCKED,
                                                    GILLOC_TIMELINE_FORCED};
  uint64_t running_ns = column->spent_ns[GILLOC_TIMELINE_RUNNING];
  uint64_t outside_ns = length_ns - running_ns;
  if (column->forced > 0)
    return GLYPH_FORCED;
  if (running_ns > 0)
    return 2 * running_ns >= length_ns ? GLYPH_RUNS : GLYPH_RUNS_BRIEFLY;
  enum gilloc_timeline_state most = GILLOC_TIMELINE_OUTSIDE;
  uint64_t most_ns = 0;
  for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
    uint64_t spent_ns = column->spent_ns[rest[i]];
    outside_ns -= spent_ns;
    if (spent_ns > most_ns) {
      most = rest[i];
      most_ns = spent_ns;
    }
  }
  return most_ns < outside_ns ? GLYPH_NOTHING : of_state[most];
}

static void put_glyph(const struct drawing *drawing, enum glyph glyph, enum glyph before)
{
  const char *text = drawing->view->utf8 ? glyphs[glyph].utf8 : glyphs[glyph].ascii;
  if (drawing->view->colours && glyph != before) {
    if (*glyphs[before].colour)
      (void)fputs(colour_off, drawing->out);
    (void)fputs(glyphs[glyph].colour, drawing->out);
  }
  (void)fputs(text, drawing->out);
}

static void put_row(const struct drawing *drawing, const struct gilloc_timeline_thread *thread,
                    const struct column *columns)
{
  enum glyph before = GLYPH_NOTHING;
  (void)fprintf(drawing->out, "%*s%-*s%*s", INDENT, "", (int)drawing->name_width, thread->name, GAP, "");
  for (unsigned c = 0; c < drawing->columns; c++) {
    uint64_t length_ns = column_start(drawing, c + 1) - column_start(drawing, c);
    enum glyph glyph = choose_glyph(&columns[c], length_ns);
    put_glyph(drawing, glyph, before);
    before = glyph;
  }
  if (drawing->view->colours && *glyphs[before].colour)
    (void)fputs(colour_off, drawing->out);
  (void)fputc('\n', drawing->out);
}

/* The time at each twentieth column, as far as there is room. */
static void put_axis(const struct drawing *drawing)
{
  double span_ms = (double)(drawing->to_ns - drawing->from_ns) / 1e6;
  int decimals = span_ms < 20 ? 3 : span_ms < 2000 ? 1 : 0;
  int gap = (int)(INDENT + drawing->name_width + GAP);
  for (unsigned c = 0; c < drawing->columns; c += COLUMNS_A_LABEL) {
    char label[COLUMNS_A_LABEL + 1];
    int length = snprintf(label, sizeof label, "|%.*f%s", decimals, (double)column_start(drawing, c) / 1e6,
                          c ? "" : " ms");
    if ((unsigned)length > drawing->columns - c)
      break;
    (void)fprintf(drawing->out, "%*s%s", gap, "", label);
    gap = COLUMNS_A_LABEL - length;
  }
  (void)fputc('\n', drawing->out);
}

static void add_part(struct gilloc_table *table, uint64_t part_ns, const struct drawing *drawing)
{
  double share = 100.0 * (double)part_ns / (double)(drawing->to_ns - drawing->from_ns);
  gilloc_table_add(table, gilloc_message_format("%.1f %%", share), GILLOC_TINT_PLAIN);
}

static struct sums sum_up(const struct drawing *drawing, const struct gilloc_timeline_thread *thread)
{
  struct sums sums = {.longest_wait_ns = 0};
  for (size_t i = 0; i < thread->slice_count; i++) {
    const struct gilloc_timeline_slice *slice = &thread->slices[i];
    uint64_t part_ns = overlap(slice, drawing->from_ns, drawing->to_ns);
    sums.all.spent_ns[slice->state] += part_ns;
    if (slice->state == GILLOC_TIMELINE_WAITING && part_ns > sums.longest_wait_ns)
      sums.longest_wait_ns = part_ns;
  }
  for (size_t i = 0; i < thread->mark_count; i++)
    sums.all.forced += thread->marks[i].moment == GILLOC_TIMELINE_FORCED_OFF &&
                       thread->marks[i].at_ns >= drawing->from_ns && thread->marks[i].at_ns < drawing->to_ns;
  return sums;
}

static void put_sums(const struct drawing *drawing, const struct gilloc_timeline_run *run)
{
  static const char *const headings[] = {"",           "runs",  "waits",       "blocking",
                                         "forced off", "times", "longest wait"};
  struct gilloc_table table = {NULL, 0, 0};
  for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
    gilloc_table_add(&table, gilloc_message_need(strdup(headings[i])), GILLOC_TINT_FAINT);
  gilloc_table_end_row(&table);
  for (size_t i = 0; i < run->count; i++) {
    struct sums sums = sum_up(drawing, &run->threads[i]);
    gilloc_table_add(&table, gilloc_message_need(strdup(run->threads[i].name)), GILLOC_TINT_PLAIN);
    add_part(&table, sums.all.spent_ns[GILLOC_TIMELINE_RUNNING], drawing);
    add_part(&table, sums.all.spent_ns[GILLOC_TIMELINE_WAITING], drawing);
    add_part(&table, sums.all.spent_ns[GILLOC_TIMELINE_BLOCKED], drawing);
    add_part(&table, sums.all.spent_ns[GILLOC_TIMELINE_FORCED], drawing);
    gilloc_table_add(&table, gilloc_message_format("%zu", sums.all.forced), GILLOC_TINT_PLAIN);
    gilloc_table_add(&table, gilloc_message_format("%.2f ms", (double)sums.longest_wait_ns / 1e6),
                     GILLOC_TINT_PLAIN);
    gilloc_table_end_row(&table);
  }
  gilloc_table_print(&table, drawing->out, drawing->view->colours);
  gilloc_table_fini(&table);
}

static void put_losses(const struct drawing *drawing, const struct gilloc_timeline_run *run)
{
  for (size_t i = 0; i < run->count; i++) {
    const struct gilloc_timeline_thread *thread = &run->threads[i];
    if (thread->dropped > 0)
      (void)fprintf(drawing->out, "  %s: its %" PRIu64 " oldest events did not fit its ring\n", thread->name,
                    thread->dropped);
  }
}

static unsigned widest_name(const struct gilloc_timeline_run *run, unsigned limit)
{
  size_t width = 0;
  for (size_t i = 0; i < run->count; i++) {
    size_t length = strlen(run->threads[i].name);
    width = length > width ? length : width;
  }
  return width < limit ? (unsigned)width : limit;
}

bool gilloc_timeline_draw(const struct gilloc_timeline_run *run, const struct gilloc_timeline_view *view,
                          FILE *out)
{
  struct drawing drawing = {.view = view, .from_ns = view->from_ns, .out = out};
  drawing.to_ns = view->to_ns < run->length_ns ? view->to_ns : run->length_ns;
  if (drawing.from_ns >= drawing.to_ns)
    return false;
  drawing.name_width = widest_name(run, view->width / 3);
  drawing.columns = view->width - INDENT - drawing.name_width - GAP;
  struct column *columns = gilloc_message_need(calloc(drawing.columns, sizeof *columns));
  (void)fprintf(out, "%s; a column is %.3g ms\n\n", run->name,
                (double)(drawing.to_ns - drawing.from_ns) / drawing.columns / 1e6);
  for (size_t i = 0; i < run->count; i++) {
    share_out(&drawing, &run->threads[i], columns);
    put_row(&drawing, &run->threads[i], columns);
  }
  put_axis(&drawing);
  (void)fputc('\n', out);
  put_sums(&drawing, run);
  put_losses(&drawing, run);
  (void)fputc('\n', out);
  free(columns);
  return true;
}

void gilloc_timeline_draw_legend(const struct gilloc_timeline_view *view, FILE *out)
{
  const char *before = "";
  for (enum glyph glyph = 0; glyph < GLYPHS; glyph++) {
    if (!glyphs[glyph].meaning)
      continue;
    (void)fprintf(out, "%s%s%s%s %s", before, view->colours ? glyphs[glyph].colour : "",
                  view->utf8 ? glyphs[glyph].utf8 : glyphs[glyph].ascii, view->colours ? colour_off : "",
                  glyphs[glyph].meaning);
    before = glyph == GLYPH_RUNS ? ", " : "   ";
  }
  (void)fputc('\n', out);
}
