/* SPDX-License-Identifier: MIT
 *
 * bench_result.c: reading what a run printed.
 */
#include "bench_result.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const outcome_names[] = {"missing", "ok", "crashed", "hung", "bloated", "failed", "wrong"};

const char *gilloc_bench_outcome_name(enum gilloc_bench_outcome outcome)
{
  return outcome_names[outcome];
}

/* The line of `output` that begins with `word` and a blank, from there on; NULL where there is none. */
static const char *find_line(const char *output, const char *word)
{
  size_t length = strlen(word);
  for (const char *line = output; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
    if (strncmp(line, word, length) == 0 && line[length] == ' ')
      return line + length + 1;
  }
  return NULL;
}

static double find_number(const char *output, const char *word)
{
  const char *found = find_line(output, word);
  char *end = NULL;
  double value = found ? strtod(found, &end) : NAN;
  return found && end != found && isfinite(value) && value >= 0 ? value : NAN;
}

bool gilloc_bench_result_read(struct gilloc_bench_result *result, const char *output)
{
  const char *checksum = find_line(output, "checksum");
  result->seconds = find_number(output, "seconds");
  result->cpu_seconds = find_number(output, "cpu");
  result->peak_bytes = find_number(output, "peak_bytes");
  result->settled_bytes = find_number(output, "settled_bytes");
  if (checksum)
    (void)snprintf(result->checksum, sizeof result->checksum, "%.*s", (int)strcspn(checksum, "\n"), checksum);
  return result->seconds > 0 && checksum;
}
