/* SPDX-License-Identifier: MIT
 *
 * options.c: the table of the options, their values, and where the text comes from: the environment that
 * the constructor is given; before that the C library has none, and /proc/self/environ is read.
 * No lock: the environment is read by the constructor at the latest, while there is one thread; after that
 * each value is one atomic word.
 */
#include "options.h"

#include "option_text.h"
#include "panic.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static const struct gilloc_option_row rows[] = {
    [GILLOC_OPTION_STATS_AT_EXIT] = {{"stats_at_exit", 0, 1, 0}, false, "0 or 1"},
    [GILLOC_OPTION_CACHE_BYTES] = {{"cache_bytes", 0, 1 << 30, 1 << 21}, true, "0 to 1g bytes"},
    [GILLOC_OPTION_CACHE_TOTAL_BYTES] = {{"cache_total_bytes", 0, INT64_MAX, 1 << 26},
                                         true,
                                         "0 or more bytes"},
    [GILLOC_OPTION_DECAY_MS] = {{"decay_ms", -1, 86400000, 1000},
                                false,
                                "-1 (never) or 0 to 86400000 milliseconds"},
    [GILLOC_OPTION_BACKGROUND] = {{"background", 0, 1, 1}, false, "0 or 1"},
    [GILLOC_OPTION_SOFT_LIMIT] = {{"soft_limit", 0, INT64_MAX, 0}, true, "0 (none) or more bytes"},
    [GILLOC_OPTION_HARD_LIMIT] = {{"hard_limit", 0, INT64_MAX, 0}, true, "0 (none) or more bytes"},
    [GILLOC_OPTION_THP] = {{"thp", 0, 1, 0}, false, "0 or 1"},
};

enum { COUNT = sizeof rows / sizeof *rows, TEXT_MAX = 1024 };

static const struct gilloc_option_table table = {rows, COUNT};
static const char variable[] = "GILLOC_OPTIONS=";
static GILLOC_WRITTEN_AT_START _Atomic int64_t values[COUNT];
static GILLOC_WRITTEN_AT_START _Atomic bool is_read;
static GILLOC_WRITTEN_AT_START gilloc_options_callback *callbacks[COUNT];

/* ---- where the text comes from ---- */

static const char *find_variable(char **environment)
{
  for (; environment && *environment; environment++)
    if (**environment == variable[0] && strncmp(*environment, variable, sizeof variable - 1) == 0)
      return *environment + sizeof variable - 1;
  return NULL;
}

/* Takes the next byte of an environment of strings, each with its NUL, that comes a byte at a time. */
struct scan {
  size_t matched; /* bytes of `variable` that the present string began with; SIZE_MAX: it is another's */
  size_t length;
  char text[TEXT_MAX];
};

/* False when the value is complete. */
static bool scan_byte(struct scan *scan, char byte)
{
  const size_t name_length = sizeof variable - 1;
  if (scan->matched == name_length) {
    if (byte != '\0' && scan->length < TEXT_MAX - 1)
      scan->text[scan->length++] = byte;
    return byte != '\0';
  }
  if (byte == '\0')
    scan->matched = 0;
  else if (scan->matched != SIZE_MAX)
    scan->matched = byte == variable[scan->matched] ? scan->matched + 1 : SIZE_MAX;
  return true;
}

/* The environment that the kernel gave the process, for callers before the C library's start. */
static void scan_process_environment(struct scan *scan)
{
  char chunk[512];
  bool goes_on = true;
  int file = open("/proc/self/environ", O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return;
  while (goes_on) {
    ssize_t bytes = read(file, chunk, sizeof chunk);
    goes_on = bytes > 0 || (bytes < 0 && errno == EINTR);
    for (ssize_t i = 0; i < bytes && goes_on; i++)
      goes_on = scan_byte(scan, chunk[i]);
  }
  close(file);
}

/* ---- reading, once ---- */

static void take_text(const char *text)
{
  int64_t read[COUNT];
  for (unsigned i = 0; i < COUNT; i++)
    read[i] = rows[i].range.initial;
  if (text && !getauxval(AT_SECURE))
    gilloc_option_text_read(&table, text, read);
  for (unsigned i = 0; i < COUNT; i++)
    atomic_store_explicit(&values[i], read[i], memory_order_relaxed);
  atomic_store_explicit(&is_read, true, memory_order_relaxed);
}

static GILLOC_COLD void read_options(void)
{
  int error = errno;
  struct scan scan = {.matched = 0};
  if (environ) {
    take_text(find_variable(environ));
  } else {
    scan_process_environment(&scan);
    take_text(scan.text);
  }
  errno = error;
}

static void need_values(void)
{
  if (GILLOC_UNLIKELY(!atomic_load_explicit(&is_read, memory_order_relaxed)))
    read_options();
}

__attribute__((constructor(101))) static void library_starts(int argc, char **argv, char **environment)
{
  (void)argc;
  (void)argv;
  if (!atomic_load_explicit(&is_read, memory_order_relaxed))
    take_text(find_variable(environment));
}

/* ---- the public functions ---- */

static bool is_option(enum gilloc_option option)
{
  return (unsigned)option < COUNT;
}

GILLOC_PUBLIC int64_t gilloc_options_get(enum gilloc_option option)
{
  if (GILLOC_UNLIKELY(!is_option(option)))
    gilloc_panic("gilloc_options_get of %d, which is no option", (int)option);
  need_values();
  return atomic_load_explicit(&values[option], memory_order_relaxed);
}

GILLOC_PUBLIC int gilloc_options_set(enum gilloc_option option, int64_t value)
{
  if (!is_option(option) || value < rows[option].range.lowest || value > rows[option].range.highest)
    return EINVAL;
  int error = errno;
  need_values();
  atomic_store_explicit(&values[option], value, memory_order_relaxed);
  if (callbacks[option])
    callbacks[option](value);
  errno = error;
  return 0;
}

GILLOC_PUBLIC bool gilloc_options_range(enum gilloc_option option, struct gilloc_option_range *range)
{
  if (!is_option(option))
    return false;
  *range = rows[option].range;
  return true;
}

void gilloc_options_on_change(enum gilloc_option option, gilloc_options_callback *callback)
{
  callbacks[option] = callback;
  callback(gilloc_options_get(option));
}
