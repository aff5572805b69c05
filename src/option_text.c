/* SPDX-License-Identifier: MIT
 *
 * option_text.c: items between commas, a name and a value around the first '='.
 */
#include "option_text.h"

#include "panic.h"

#include <string.h>

/* A stretch of the text. */
struct slice {
  const char *start;
  size_t length;
};

/* A copy that ends in NUL, cut where it is long, for messages. */
struct word {
  char text[48];
};

static struct word word_of(struct slice slice)
{
  struct word word = {""};
  size_t length = slice.length < sizeof word.text - 1 ? slice.length : sizeof word.text - 1;
  memcpy(word.text, slice.start, length);
  return word;
}

/* The power of 1024 that the letter stands for, as a shift; 0 for any other. */
static unsigned suffix_shift(char letter)
{
  static const char letters[] = "kmgt";
  const char *found = memchr(letters, letter | ('a' ^ 'A'), sizeof letters - 1);
  return found ? 10 * (unsigned)(found - letters + 1) : 0;
}

bool gilloc_option_text_value(const struct gilloc_option_row *row, const char *text, size_t length,
                              int64_t *value)
{
  bool is_negative = length > 0 && text[0] == '-';
  size_t at = is_negative;
  int64_t number = 0;
  unsigned shift = row->is_size && length > 1 ? suffix_shift(text[length - 1]) : 0;
  size_t end = shift ? length - 1 : length;
  if (at == end)
    return false;
  for (; at < end; at++) {
    if (text[at] < '0' || text[at] > '9')
      return false;
    if (__builtin_mul_overflow(number, 10, &number) ||
        __builtin_add_overflow(number, text[at] - '0', &number))
      return false;
  }
  if (__builtin_mul_overflow(number, (is_negative ? -1 : 1) * (INT64_C(1) << shift), &number))
    return false;
  if (number < row->range.lowest || number > row->range.highest)
    return false;
  *value = number;
  return true;
}

static void warn_unknown(const struct gilloc_option_table *table, struct slice name)
{
  char known[256] = "";
  size_t length = 0;
  for (unsigned i = 0; i < table->count; i++) {
    const char *next = table->rows[i].range.name;
    if (length + strlen(next) + 3 > sizeof known)
      break;
    length = (size_t)(stpcpy(stpcpy(known + length, i > 0 ? ", " : ""), next) - known);
  }
  gilloc_warn("GILLOC_OPTIONS: there is no option '%s'; there are %s", word_of(name).text, known);
}

static void read_item(const struct gilloc_option_table *table, struct slice item, int64_t *values)
{
  const char *equals = memchr(item.start, '=', item.length);
  struct slice name = {item.start, equals ? (size_t)(equals - item.start) : item.length};
  struct slice value = {equals ? equals + 1 : "", equals ? item.length - name.length - 1 : 0};
  for (unsigned i = 0; i < table->count; i++) {
    const struct gilloc_option_row *row = &table->rows[i];
    if (strlen(row->range.name) != name.length || memcmp(row->range.name, name.start, name.length) != 0)
      continue;
    if (!gilloc_option_text_value(row, value.start, value.length, &values[i])) {
      values[i] = row->range.initial;
      gilloc_warn("GILLOC_OPTIONS: '%s' is no value of %s, which takes %s; its default stays",
                  word_of(value).text, row->range.name, row->expected);
    }
    return;
  }
  warn_unknown(table, name);
}

void gilloc_option_text_read(const struct gilloc_option_table *table, const char *text, int64_t *values)
{
  while (*text != '\0') {
    size_t length = strcspn(text, ",");
    if (length > 0)
      read_item(table, (struct slice){text, length}, values);
    text += length + (text[length] == ',');
  }
}
