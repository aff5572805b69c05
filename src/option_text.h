/* SPDX-License-Identifier: MIT
 *
 * option_text.h: reads "name=value,name=value" into numbers by a table of rows, and says on stderr what it
 * could not use. Holds no state, allocates nothing, takes no lock.
 */
#ifndef GILLOC_OPTION_TEXT_H
#define GILLOC_OPTION_TEXT_H

#include <gilloc/options.h>

#include "base.h"

struct gilloc_option_row {
  struct gilloc_option_range range;
  bool is_size;         /* takes a suffix k, m, g or t */
  const char *expected; /* what would be right, for the message */
};

struct gilloc_option_table {
  const struct gilloc_option_row *rows;
  unsigned count;
};

/* The value that the `length` bytes at `text` spell; false where they spell none of the row's range. */
bool gilloc_option_text_value(const struct gilloc_option_row *row, const char *text, size_t length,
                              int64_t *value);

/* Sets values[i] for each row i that `text` names with a good value, and to its initial for each that it
 * names with a bad one; of two the last counts. Empty items are passed over. */
void gilloc_option_text_read(const struct gilloc_option_table *table, const char *text, int64_t *values);

#endif
