/* SPDX-License-Identifier: MIT
 *
 * message.c: one line on standard error, and out of memory as one of its reasons.
 */
#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void print_line(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

static void print_line(const char *format, va_list arguments)
{
  char *text = NULL;
  if (vasprintf(&text, format, arguments) < 0)
    text = NULL;
  for (char *c = text; c && *c; c++) {
    if ((unsigned char)*c < ' ' || *c == 127)
      *c = '?';
  }
  (void)fflush(stdout);
  (void)fprintf(stderr, "gilloc: %s\n", text ? text : "out of memory");
  free(text);
}

_Noreturn void gilloc_message_refuse(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  print_line(format, arguments);
  va_end(arguments);
  exit(GILLOC_STATUS_REFUSED);
}

_Noreturn void gilloc_message_fail(int status, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  print_line(format, arguments);
  va_end(arguments);
  exit(status);
}

void gilloc_message_warn(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  print_line(format, arguments);
  va_end(arguments);
}

void *gilloc_message_need(void *p)
{
  if (!p)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "out of memory");
  return p;
}

char *gilloc_message_format(const char *format, ...)
{
  char *text = NULL;
  va_list arguments;
  va_start(arguments, format);
  if (vasprintf(&text, format, arguments) < 0)
    text = NULL;
  va_end(arguments);
  return gilloc_message_need(text);
}
