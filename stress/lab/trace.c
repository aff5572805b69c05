/* SPDX-License-Identifier: MIT
 *
 * trace.c: see trace.h.
 */
#include "trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

bool gilloc_trace_error_set(struct gilloc_trace_error *error, struct gilloc_trace_place place,
                            const char *format, ...)
{
  int used = snprintf(error->text, sizeof error->text, "%s %" PRIu64 ": ",
                      place.form == GILLOC_TRACE_TEXT ? "line" : "offset", place.number);
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(error->text + used, sizeof error->text - (size_t)used, format, arguments);
  va_end(arguments);
  return false;
}

char gilloc_trace_letter(enum gilloc_trace_kind kind)
{
  return "mcrfs"[kind];
}
