/* SPDX-License-Identifier: MIT
 *
 * progress.c: the progress line.
 */
#include "progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR = 24, LINE = 160 };

static int terminal_width(void)
{
  struct winsize size;
  if (!isatty(STDERR_FILENO) || ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0)
    return 0;
  return size.ws_col ? size.ws_col : 80;
}

void gilloc_progress_show(size_t done, size_t all, double left_s, const char *what)
{
  int width = terminal_width();
  if (width == 0)
    return;
  char bar[BAR + 1];
  for (size_t i = 0; i < BAR; i++)
    bar[i] = i < done * BAR / all ? '#' : '.';
  bar[BAR] = '\0';
  char line[LINE];
  int seconds = (int)(left_s + 0.5);
  (void)snprintf(line, sizeof line, "[%s] run %zu of %zu, %d:%02d left, %s", bar, done + 1, all, seconds / 60,
                 seconds % 60, what);
  /* A line as wide as the terminal would scroll it. */
  (void)fprintf(stderr, "\r\033[K%.*s", width - 1 < LINE ? width - 1 : LINE, line);
}

void gilloc_progress_wipe(void)
{
  if (terminal_width() > 0)
    (void)fputs("\r\033[K", stderr);
}
