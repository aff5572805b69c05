/* SPDX-License-Identifier: MIT
 *
 * table.c: column widths, alignment and colours.
 */
#include "table.h"

#include "message.h"

#include <stdlib.h>
#include <string.h>

struct gilloc_table_cell {
  char *text;
  enum gilloc_tint tint;
};

static const char *const tints[] = {[GILLOC_TINT_PLAIN] = "",
                                    [GILLOC_TINT_BOLD] = "\033[1m",
                                    [GILLOC_TINT_GOOD] = "\033[32m",
                                    [GILLOC_TINT_BAD] = "\033[31m",
                                    [GILLOC_TINT_FAINT] = "\033[2m"};

const char *gilloc_table_on(enum gilloc_tint tint, bool colours)
{
  return colours ? tints[tint] : "";
}

const char *gilloc_table_off(enum gilloc_tint tint, bool colours)
{
  return colours && *tints[tint] ? "\033[0m" : "";
}

void gilloc_table_add(struct gilloc_table *table, char *text, enum gilloc_tint tint)
{
  table->cells = gilloc_message_need(realloc(table->cells, (table->count + 1) * sizeof *table->cells));
  table->cells[table->count++] = (struct gilloc_table_cell){text, tint};
}

void gilloc_table_end_row(struct gilloc_table *table)
{
  if (table->columns == 0)
    table->columns = table->count;
}

static int column_width(const struct gilloc_table *table, size_t column)
{
  size_t width = 0;
  for (size_t i = column; i < table->count; i += table->columns) {
    size_t length = strlen(table->cells[i].text);
    width = length > width ? length : width;
  }
  return (int)width;
}

void gilloc_table_print(const struct gilloc_table *table, FILE *out, bool colours)
{
  int *widths = gilloc_message_need(calloc(table->columns, sizeof *widths));
  for (size_t column = 0; column < table->columns; column++)
    widths[column] = column == 0 ? -column_width(table, column) : column_width(table, column);
  for (size_t i = 0; i < table->count; i++) {
    const struct gilloc_table_cell *cell = &table->cells[i];
    size_t column = i % table->columns;
    (void)fprintf(out, "  %s%*s%s%s", gilloc_table_on(cell->tint, colours), widths[column], cell->text,
                  gilloc_table_off(cell->tint, colours), column + 1 == table->columns ? "\n" : "");
  }
  free(widths);
}

void gilloc_table_fini(struct gilloc_table *table)
{
  for (size_t i = 0; i < table->count; i++)
    free(table->cells[i].text);
  free(table->cells);
}
