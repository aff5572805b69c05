/* SPDX-License-Identifier: MIT
 *
 * launch.c: gilloc-bench-launch [-f FILE] LIBRARY COMMAND [ARGUMENT...]: runs a command with LIBRARY
 * preloaded ("-": with nothing preloaded) and then prints, to standard output or into FILE, the seconds that
 * it took, those of the processors, and the most memory that it or a child of its had resident. Its own
 * figures do not mix in: it is a process of its own. Ends as the command does, with 128 plus the signal that
 * ended it; passes SIGTERM and SIGINT on.
 */
#include "clock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS_USAGE = 2, STATUS_NOT_STARTED = 127, SIGNAL_BASE = 128, KIBI = 1024 };

static volatile sig_atomic_t child;

static void pass_on(int number)
{
  if (child > 0)
    (void)kill((pid_t)child, number);
}

_Noreturn static void become(const char *library, char **command)
{
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  int failed = strcmp(library, "-") == 0 ? unsetenv("LD_PRELOAD") : setenv("LD_PRELOAD", library, 1);
  if (failed == 0)
    (void)execvp(command[0], command);
  (void)fprintf(stderr, "cannot start %s: %s\n", command[0], strerror(errno));
  _exit(STATUS_NOT_STARTED);
}

/* Of all its threads and of the children that it waited for. */
static double cpu_s(const struct rusage *usage)
{
  return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
         (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1e-6;
}

static int run(const char *library, char **command, FILE *figures)
{
  struct sigaction forward = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
  uint64_t begin = gilloc_lab_clock_ns();
  pid_t process = fork();
  if (process == 0)
    become(library, command);
  if (process < 0)
    return STATUS_NOT_STARTED;
  child = (sig_atomic_t)process;
  (void)sigaction(SIGTERM, &forward, NULL);
  (void)sigaction(SIGINT, &forward, NULL);
  struct rusage usage = {0};
  int status = 0;
  while (wait4(process, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  uint64_t end = gilloc_lab_clock_ns();
  (void)fprintf(figures, "wall %.6f\ncpu %.6f\npeak_bytes %llu\n", (double)(end - begin) * 1e-9,
                cpu_s(&usage), (unsigned long long)usage.ru_maxrss * KIBI);
  if (!WIFSIGNALED(status))
    return WEXITSTATUS(status);
  (void)fprintf(stderr, "ended by signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return SIGNAL_BASE + WTERMSIG(status);
}

int main(int argc, char **argv)
{
  FILE *figures = stdout;
  if (argc > 2 && strcmp(argv[1], "-f") == 0) {
    figures = fopen(argv[2], "we");
    argv += 2;
    argc -= 2;
  }
  if (!figures || argc < 3) {
    (void)fputs("usage: gilloc-bench-launch [-f FILE] LIBRARY COMMAND [ARGUMENT...]\n", stderr);
    return STATUS_USAGE;
  }
  int status = run(argv[1], argv + 2, figures);
  return fclose(figures) == 0 ? status : STATUS_NOT_STARTED;
}
