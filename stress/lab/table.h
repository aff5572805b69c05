/* SPDX-License-Identifier: MIT
 *
 * table.h: a text table whose columns are as wide as they need to be: the first is set left, the others
 * right. Colours are ANSI's and only used where asked for.
 */
#ifndef GILLOC_LAB_TABLE_H
#define GILLOC_LAB_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum gilloc_tint {
  GILLOC_TINT_PLAIN,
  GILLOC_TINT_BOLD,
  GILLOC_TINT_GOOD,
  GILLOC_TINT_BAD,
  GILLOC_TINT_FAINT
};

struct gilloc_table {
  struct gilloc_table_cell *cells; /* row after row; the first row holds the headings */
  size_t count;
  size_t columns; /* of a row; 0 until the headings are complete */
};

/* The table takes over `text`. All cells before the first gilloc_table_end_row are headings; every later
 * row must have as many. */
void gilloc_table_add(struct gilloc_table *table, char *text, enum gilloc_tint tint);
void gilloc_table_end_row(struct gilloc_table *table);
void gilloc_table_print(const struct gilloc_table *table, FILE *out, bool colours);
void gilloc_table_fini(struct gilloc_table *table);

/* What switches a tint on and off; "" without colours. */
const char *gilloc_table_on(enum gilloc_tint tint, bool colours);
const char *gilloc_table_off(enum gilloc_tint tint, bool colours);

#endif
