/* SPDX-License-Identifier: MIT
 *
 * exit_report.c: the option stats_at_exit: the figures of gilloc_debug_stats on stderr when the process ends.
 * Programs close stderr before they end (coreutils), so a copy of it is kept from when the option is set.
 * Set by the constructor and by gilloc_options_set, read when the process ends.
 */
#include <gilloc/stats.h>

#include "base.h"
#include "options.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { FIRST_FILE = 200 }; /* programs that count their files from 3 do not meet the copy */

/* What a static link asks for, to have this module. */
extern const char gilloc_exit_report;
const char gilloc_exit_report = 1;

/* The copy of stderr; -1 without one. */
static _Atomic int copy = -1;

static void report_changes(int64_t is_on)
{
  int wanted = is_on ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, FIRST_FILE) : -1;
  int old = atomic_exchange_explicit(&copy, wanted, memory_order_relaxed);
  if (old >= 0)
    close(old);
}

__attribute__((constructor(103))) static void library_starts(void)
{
  gilloc_options_on_change(GILLOC_OPTION_STATS_AT_EXIT, report_changes);
}

__attribute__((destructor(102))) static void library_ends(void)
{
  int file = atomic_exchange_explicit(&copy, -1, memory_order_relaxed);
  FILE *stream = file >= 0 ? fdopen(file, "w") : NULL;
  if (!stream)
    return;
  gilloc_debug_stats(stream);
  fclose(stream);
}
