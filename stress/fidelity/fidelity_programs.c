/* SPDX-License-Identifier: MIT
 *
 * fidelity_programs.c: see fidelity_programs.h. A Python is asked for its own path: what is found in PATH may
 * be a script that looks for an interpreter each time.
 */
#include "fidelity_programs.h"

#include "message.h"
#include "paths.h"
#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double probe_timeout_s = 20;
enum { PROBE_MEMORY = 1 << 30 };

static char *copy(const char *text)
{
  return gilloc_message_need(strdup(text));
}

static void list_policies(struct gilloc_fidelity_programs *programs)
{
  char *argv[] = {programs->worker, copy("policies"), NULL};
  struct gilloc_runner_end end = gilloc_runner_run(argv, probe_timeout_s, PROBE_MEMORY);
  if (end.fate != GILLOC_RUNNER_EXITED || end.value != 0)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "fidelity: %s does not work: %s", programs->worker,
                        end.complaint);
  char *rest = end.output;
  for (char *line; (line = strsep(&rest, "\n")) && *line;) {
    if (programs->policy_count < GILLOC_FIDELITY_POLICIES_MAX)
      programs->policies[programs->policy_count++] = copy(line);
  }
  gilloc_runner_end_fini(&end);
  free(argv[1]);
}

void gilloc_fidelity_programs_find(struct gilloc_fidelity_programs *programs)
{
  programs->worker = gilloc_paths_program("gilloc-fidelity-gil");
  programs->peer = gilloc_paths_program("gilloc-fidelity-peer");
  if (!programs->worker || !programs->peer)
    gilloc_message_refuse("fidelity: this build has no %s; build the flavour gil",
                          programs->worker ? "gilloc-fidelity-peer" : "gilloc-fidelity-gil");
  const char *slash = strrchr(programs->worker, '/');
  programs->scripts =
      gilloc_message_format("%.*s/fidelity", (int)(slash - programs->worker), programs->worker);
  list_policies(programs);
}

/* The first executable file of that name in PATH, as a new string, or NULL. */
static char *find_in_path(const char *name)
{
  const char *path = getenv("PATH");
  char *folders = copy(path ? path : "");
  char *rest = folders;
  char *found = NULL;
  for (char *folder; !found && (folder = strsep(&rest, ":"));) {
    if (!*folder)
      continue;
    found = gilloc_message_format("%s/%s", folder, name);
    if (access(found, X_OK) != 0) {
      free(found);
      found = NULL;
    }
  }
  free(folders);
  return found;
}

/* Runs the interpreter; fills in what it says of itself. What is wrong with it as a new string, or NULL. */
static char *ask(struct gilloc_fidelity_programs *programs, const char *path)
{
  static const char question[] = "import sys, platform, threading, zlib\n"
                                 "print('%s\\n%s\\n%s\\n%d' % (sys.executable, platform.python_version(),"
                                 " platform.python_implementation(), hasattr(sys, 'setswitchinterval')))";
  char *argv[] = {copy(path), copy("-E"), copy("-S"), copy("-c"), copy(question), NULL};
  struct gilloc_runner_end end = gilloc_runner_run(argv, probe_timeout_s, PROBE_MEMORY);
  char *wrong = NULL;
  char *rest = end.output;
  char *answers[4] = {NULL, NULL, NULL, NULL};
  for (size_t i = 0; i < 4 && rest; i++)
    answers[i] = strsep(&rest, "\n");
  if (end.fate != GILLOC_RUNNER_EXITED || end.value != 0 || !answers[3])
    wrong = gilloc_message_format("'%s' does not work as a Python: %s", path,
                                  *end.complaint ? end.complaint : "it gave no answer");
  else if (strcmp(answers[2], "CPython") != 0)
    wrong = gilloc_message_format("'%s' is %s, not CPython", path, answers[2]);
  else if (strncmp(answers[1], "2.7", 3) != 0 && *answers[3] != '1')
    wrong = gilloc_message_format("'%s' is CPython %s; 3.3 or later or 2.7 is needed", path, answers[1]);
  if (!wrong) {
    programs->python = copy(*answers[0] ? answers[0] : path);
    programs->python_version = copy(answers[1]);
    programs->python_ticks = *answers[3] != '1';
  }
  gilloc_runner_end_fini(&end);
  for (size_t i = 0; argv[i]; i++)
    free(argv[i]);
  return wrong;
}

void gilloc_fidelity_programs_find_python(struct gilloc_fidelity_programs *programs, const char *path)
{
  if (path) {
    char *whole = strchr(path, '/') ? copy(path) : find_in_path(path);
    if (!whole)
      gilloc_message_refuse("fidelity: --python: no '%s' in PATH; name a CPython, such as /usr/bin/python3",
                            path);
    char *wrong = ask(programs, whole);
    if (wrong)
      gilloc_message_refuse("fidelity: --python: %s", wrong);
    free(whole);
    return;
  }
  char *found = find_in_path("python3");
  programs->python_missing = found ? ask(programs, found) : copy("there is no python3 in PATH");
  free(found);
}

void gilloc_fidelity_programs_fini(struct gilloc_fidelity_programs *programs)
{
  free(programs->worker);
  free(programs->peer);
  free(programs->scripts);
  free(programs->python);
  free(programs->python_version);
  free(programs->python_missing);
  for (size_t i = 0; i < programs->policy_count; i++)
    free(programs->policies[i]);
}
