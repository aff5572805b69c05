/* SPDX-License-Identifier: MIT
 *
 * run.c: the subcommand `run`.
 */
#include "run.h"

#include "arguments.h"
#include "message.h"
#include "paths.h"
#include "program.h"

#include <errno.h>
#include <popt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void set_preload(const char *library)
{
  const char *old = getenv("LD_PRELOAD");
  char *list =
      old && *old ? gilloc_message_format("%s:%s", library, old) : gilloc_message_format("%s", library);
  if (setenv("LD_PRELOAD", list, 1) != 0)
    gilloc_message_need(NULL);
  free(list);
}

_Noreturn static void become(const char *flavour, char **command)
{
  char *library = gilloc_paths_library(flavour);
  if (!library)
    gilloc_message_refuse("run: unknown flavour '%s'; there are %s", flavour, gilloc_paths_known_flavours());
  gilloc_arguments_check_preload("run", library);
  char *path = gilloc_program_find(command[0]);
  const char *obstacle = path ? gilloc_program_obstacle(path) : NULL;
  if (obstacle)
    gilloc_message_warn("run: '%s' will not use the flavour %s: %s", command[0], flavour, obstacle);
  free(path);
  set_preload(library);
  (void)execvp(command[0], command);
  if (errno == ENOENT)
    gilloc_message_fail(GILLOC_STATUS_NOT_FOUND, "run: command not found: %s", command[0]);
  gilloc_message_fail(GILLOC_STATUS_NOT_EXECUTABLE, "run: cannot execute %s: %s", command[0],
                      strerror(errno));
}

int gilloc_run_main(int argc, const char **argv)
{
  char *flavour = NULL;
  const struct poptOption table[] = {
      {"flavour", 'f', POPT_ARG_STRING, &flavour, 0,
       "the flavour to run on: none (programs with one thread), gil, fine or any other built one", "NAME"},
      POPT_AUTOHELP POPT_TABLEEND};
  const struct gilloc_arguments arguments = {"run", "--flavour NAME [--] COMMAND [ARGUMENT...]",
                                             POPT_CONTEXT_POSIXMEHARDER, argc, argv};
  poptContext context = gilloc_arguments_read(&arguments, table);
  if (!flavour)
    gilloc_message_refuse("run: --flavour is missing; there are %s", gilloc_paths_known_flavours());
  const char **rest = poptGetArgs(context);
  if (!rest || !rest[0])
    gilloc_message_refuse("run: the command is missing: gilloc run --flavour %s -- COMMAND...", flavour);
  become(flavour, (char **)rest);
}
