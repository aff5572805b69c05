/* SPDX-License-Identifier: MIT
 *
 * bench_grid.h: one table, either set in columns for a terminal or in Markdown. The first row holds the
 * headings.
 */
#ifndef GILLOC_BENCH_GRID_H
#define GILLOC_BENCH_GRID_H

#include "table.h"

#include <stdbool.h>
#include <stdio.h>

struct gilloc_bench_grid {
  FILE *out;
  bool markdown, colours;
  struct gilloc_table table; /* unused in Markdown, where each cell is written at once */
  size_t columns, rows;
};

struct gilloc_bench_grid gilloc_bench_grid_make(FILE *out, bool markdown);
/* Takes over `text`. */
void gilloc_bench_grid_add(struct gilloc_bench_grid *grid, char *text, enum gilloc_tint tint);
void gilloc_bench_grid_end_row(struct gilloc_bench_grid *grid);
/* Writes what is not written yet and frees all. */
void gilloc_bench_grid_print(struct gilloc_bench_grid *grid);

#endif
