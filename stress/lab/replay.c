/* SPDX-License-Identifier: MIT
 *
 * replay.c: the subcommand `replay`: finds the flavour's program and gives it the trace as a standard input
 * that can be read twice.
 */
#include "replay.h"

#include "arguments.h"
#include "message.h"
#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <popt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MISALIGN_MAX = 1048560, MISALIGN_STEP = 16 };

struct request {
  char *file;
  char *flavour;
  char *geometry;
  char *misalign;
  int addresses;
  int statistics;
};

/* The name of the flavour in the wanted geometry: `wide` has no suffix. */
static char *full_name(const struct request *request)
{
  static const char *const geometries[] = {"classic", "py39", "py311", "wide"};
  const char *flavour = request->flavour ? request->flavour : "gil";
  if (!request->geometry)
    return gilloc_message_format("%s", flavour);
  bool known = false;
  for (size_t i = 0; i < sizeof geometries / sizeof *geometries; i++)
    known = known || strcmp(request->geometry, geometries[i]) == 0;
  if (!known)
    gilloc_message_refuse("replay: --geometry: unknown geometry '%s'; known are classic, py39, py311, wide",
                          request->geometry);
  if (strcmp(request->geometry, "wide") == 0)
    return gilloc_message_format("%s", flavour);
  return gilloc_message_format("%s-%s", flavour, request->geometry);
}

static char *find_program(const struct request *request)
{
  char *name = full_name(request);
  char *program = gilloc_paths_replay(name);
  if (!program)
    gilloc_message_refuse("replay: unknown flavour '%s'; there are %s", name, gilloc_paths_known_replays());
  free(name);
  return program;
}

static const char *check_misalign(const char *text)
{
  if (!text)
    return "0";
  char *end = NULL;
  errno = 0;
  unsigned long value = strtoul(text, &end, 10);
  if (*text < '0' || *text > '9' || *end || errno || value > MISALIGN_MAX || value % MISALIGN_STEP != 0)
    gilloc_message_refuse("replay: --misalign: '%s' is not a multiple of %d from 0 to %d", text,
                          MISALIGN_STEP, MISALIGN_MAX);
  return text;
}

/* A copy of a stream that cannot be read twice. */
static int spool(int from, const char *name)
{
  char buffer[65536];
  FILE *copy = tmpfile();
  ssize_t got = copy ? 0 : -1;
  while (copy && (got = read(from, buffer, sizeof buffer)) != 0) {
    if ((got < 0 && errno != EINTR) || (got > 0 && fwrite(buffer, 1, (size_t)got, copy) != (size_t)got))
      break;
  }
  if (got != 0 || fflush(copy) != 0)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "replay: cannot copy %s: %s", name, strerror(errno));
  return fileno(copy);
}

/* Makes the trace standard input; returns its name for messages. */
static const char *open_trace(const char *path)
{
  bool standard = strcmp(path, "-") == 0;
  const char *name = standard ? "standard input" : path;
  int file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0)
    gilloc_message_refuse("replay: cannot read '%s': %s", name, strerror(errno));
  if (S_ISDIR(status.st_mode))
    gilloc_message_refuse("replay: '%s' is a folder, not a trace", name);
  if (!S_ISREG(status.st_mode) || lseek(file, 0, SEEK_CUR) != 0)
    file = spool(file, name);
  if (dup2(file, STDIN_FILENO) < 0)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "replay: cannot pass '%s' on: %s", name, strerror(errno));
  return name;
}

_Noreturn static void become(const struct request *request)
{
  char *program = find_program(request);
  const char *misalign = check_misalign(request->misalign);
  const char *name = open_trace(request->file);
  char *what = gilloc_message_format("-%s%s%s", request->addresses ? "a" : "", request->statistics ? "s" : "",
                                     request->misalign ? "r" : "");
  (void)execl(program, program, name, what, misalign, (char *)NULL);
  gilloc_message_fail(GILLOC_STATUS_FAILED, "replay: cannot run %s: %s", program, strerror(errno));
}

int gilloc_replay_main(int argc, const char **argv)
{
  struct request request = {0};
  const struct poptOption table[] = {
      {"flavour", 'f', POPT_ARG_STRING, &request.flavour, 0, "the flavour to replay on (default: gil)",
       "NAME"},
      {"geometry", 'g', POPT_ARG_STRING, &request.geometry, 0,
       "its geometry: classic, py39, py311 or wide (default: wide)", "NAME"},
      {"addresses", 'a', POPT_ARG_NONE, &request.addresses, 0,
       "print where each block lies and each arena taken and returned, in place of the report", NULL},
      {"misalign", '\0', POPT_ARG_STRING, &request.misalign, 0,
       "let arenas start so many bytes after a multiple of their size, a multiple of 16 up to 1048560",
       "BYTES"},
      {"stats", '\0', POPT_ARG_NONE, &request.statistics, 0, "print the statistics text at the end", NULL},
      POPT_AUTOHELP POPT_TABLEEND};
  const struct gilloc_arguments arguments = {"replay", "[OPTION...] FILE", 0, argc, argv};
  poptContext context = gilloc_arguments_read(&arguments, table);
  const char **rest = poptGetArgs(context);
  if (!rest || !rest[0])
    gilloc_message_refuse("replay: the trace is missing: gilloc replay [OPTION...] FILE; FILE may be -");
  if (rest[1])
    gilloc_message_refuse("replay: '%s' is one file too many; one trace is replayed at a time", rest[1]);
  request.file = (char *)rest[0];
  become(&request);
}
