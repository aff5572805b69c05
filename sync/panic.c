/* SPDX-License-Identifier: MIT
 *
 * panic.c: formats one line into a buffer on the stack, writes it at once, and aborts or returns. It uses
 * nothing that could allocate, lock or fail, since it is called when any of that may already be broken. A
 * message that does not fit is cut, never lost.
 */
#include "panic.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

_Static_assert(sizeof(size_t) == sizeof(unsigned long), "%zu is read as %lu");

struct line {
  size_t length;
  char text[512];
};

static void line_add_char(struct line *line, char c)
{
  /* The last byte is kept for the newline. */
  if (line->length < sizeof line->text - 1)
    line->text[line->length++] = c;
}

static void line_add(struct line *line, const char *text)
{
  if (text == NULL)
    text = "(null)";
  while (*text != '\0')
    line_add_char(line, *text++);
}

static void line_add_number(struct line *line, uint64_t number, unsigned base)
{
  char digits[20];
  unsigned count = 0;
  do {
    digits[count++] = "0123456789abcdef"[number % base];
    number /= base;
  } while (number != 0);
  while (count > 0)
    line_add_char(line, digits[--count]);
}

static void line_add_signed(struct line *line, int number)
{
  uint64_t magnitude = (uint64_t)number;
  if (number < 0) {
    line_add_char(line, '-');
    magnitude = 0 - magnitude;
  }
  line_add_number(line, magnitude, 10);
}

/* Adds the conversion at `format`, just behind its '%'; returns what follows it. */
static const char *line_add_conversion(struct line *line, const char *format, va_list *arguments)
{
  switch (*format) {
  case 's':
    line_add(line, va_arg(*arguments, const char *));
    return format + 1;
  case 'p':
    line_add(line, "0x");
    line_add_number(line, (uintptr_t)va_arg(*arguments, void *), 16);
    return format + 1;
  case 'u':
    line_add_number(line, va_arg(*arguments, unsigned), 10);
    return format + 1;
  case 'd':
    line_add_signed(line, va_arg(*arguments, int));
    return format + 1;
  case 'z': /* of %zu, as wide as the unsigned long of %lu wherever Linux runs */
  case 'l':
    line_add_number(line, va_arg(*arguments, unsigned long), 10);
    return format + 2;
  default:
    line_add_char(line, *format);
    return format + (*format != '\0');
  }
}

static void line_write(struct line *line)
{
  size_t done = 0;
  line->text[line->length++] = '\n';
  while (done < line->length) {
    ssize_t written = write(STDERR_FILENO, line->text + done, line->length - done);
    if (written < 0 && errno != EINTR)
      break;
    if (written > 0)
      done += (size_t)written;
  }
}

static void line_say(const char *format, va_list *arguments)
{
  struct line line = {.length = 0};
  line_add(&line, "gilloc: ");
  while (*format != '\0') {
    char c = *format++;
    if (c == '%')
      format = line_add_conversion(&line, format, arguments);
    else
      line_add_char(&line, c);
  }
  line_write(&line);
}

_Noreturn void gilloc_panic(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  line_say(format, &arguments);
  va_end(arguments);
  abort();
}

void gilloc_warn(const char *format, ...)
{
  int error = errno;
  va_list arguments;
  va_start(arguments, format);
  line_say(format, &arguments);
  va_end(arguments);
  errno = error;
}

_Noreturn void gilloc_panic_os(const char *call, int error)
{
  gilloc_panic("%s failed with errno %d", call, error);
}
