/* SPDX-License-Identifier: MIT
 *
 * bench_grid.c: columns or Markdown.
 */
#include "bench_grid.h"

#include <stdlib.h>
#include <unistd.h>

struct gilloc_bench_grid gilloc_bench_grid_make(FILE *out, bool markdown)
{
  const char *no_color = getenv("NO_COLOR");
  bool colours = !markdown && isatty(fileno(out)) && !(no_color && *no_color);
  return (struct gilloc_bench_grid){.out = out, .markdown = markdown, .colours = colours};
}

void gilloc_bench_grid_add(struct gilloc_bench_grid *grid, char *text, enum gilloc_tint tint)
{
  if (!grid->markdown) {
    gilloc_table_add(&grid->table, text, tint);
    return;
  }
  const char *mark = tint == GILLOC_TINT_BAD ? "**" : "";
  (void)fprintf(grid->out, "| %s%s%s ", mark, text, mark);
  if (grid->rows == 0)
    grid->columns++;
  free(text);
}

void gilloc_bench_grid_end_row(struct gilloc_bench_grid *grid)
{
  if (!grid->markdown) {
    gilloc_table_end_row(&grid->table);
    return;
  }
  (void)fputs("|\n", grid->out);
  for (size_t i = 0; grid->rows == 0 && i < grid->columns; i++)
    (void)fprintf(grid->out, "%s%s", i ? "|---:" : "|---", i + 1 == grid->columns ? "|\n" : "");
  grid->rows++;
}

void gilloc_bench_grid_print(struct gilloc_bench_grid *grid)
{
  if (grid->markdown)
    return;
  gilloc_table_print(&grid->table, grid->out, grid->colours);
  gilloc_table_fini(&grid->table);
}
