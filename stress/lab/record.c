/* SPDX-License-Identifier: MIT
 *
 * record.c: the subcommand `record`. Beside the trace's place stand, while the program runs, the file of its
 * events, and, while they are brought into order, the trace under a temporary name; of both nothing stays.
 */
#include "record.h"

#include "arguments.h"
#include "message.h"
#include "paths.h"
#include "program.h"
#include "record_merge.h"
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <popt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct request {
  char *output;
  char *script;
  int text;
  char **command;
  char *library; /* to preload; NULL with a script */
};

/* The program, for the handler that passes signals on. */
static volatile sig_atomic_t child;

_Noreturn static void refuse_output(const char *path, const char *why)
{
  gilloc_message_refuse("record: --output: cannot write '%s': %s; name a file in a folder you may write to",
                        path, why);
}

/* ---- the files ---- */

/* A new file beside the trace; its absolute name in `*name`. */
static int open_beside(const char *path, char **name)
{
  char *copy = gilloc_message_need(strdup(path));
  char *slash = strrchr(copy, '/');
  if (slash)
    *slash = '\0';
  char *folder = realpath(slash ? (*copy ? copy : "/") : ".", NULL);
  if (!folder)
    refuse_output(path, strerror(errno));
  *name = gilloc_message_format("%s/.gilloc-XXXXXX", folder);
  int file = mkostemp(*name, O_CLOEXEC);
  if (file < 0)
    refuse_output(path, strerror(errno));
  free(folder);
  free(copy);
  return file;
}

static void check_output(const char *path)
{
  struct stat status;
  size_t length = strlen(path);
  if (length == 0 || strcmp(path, "-") == 0 || path[length - 1] == '/')
    gilloc_message_refuse("record: --output: '%s' is not the name of a file, such as program.trace", path);
  if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
    refuse_output(path, S_ISDIR(status.st_mode) ? "it is a folder" : "it is not an ordinary file");
  if (stat(path, &status) == 0 && access(path, W_OK) != 0)
    refuse_output(path, strerror(errno));
}

/* ---- the program ---- */

static void pass_on(int number)
{
  if (child > 0)
    (void)kill((pid_t)child, number);
}

static void set_variable(const char *name, const char *value)
{
  if (setenv(name, value, 1) != 0)
    (void)gilloc_message_need(NULL);
}

_Noreturn static void become(const struct request *request, const char *events)
{
  char *pid = gilloc_message_format("%ld", (long)getpid());
  set_variable(GILLOC_RECORD_FILE_VARIABLE, events);
  set_variable(GILLOC_RECORD_PID_VARIABLE, pid);
  if (request->library) {
    const char *old = getenv("LD_PRELOAD");
    set_variable("LD_PRELOAD",
                 gilloc_message_format("%s%s%s", request->library, old ? ":" : "", old ? old : ""));
  }
  (void)execvp(request->command[0], request->command);
  int status = errno == ENOENT ? GILLOC_STATUS_NOT_FOUND : GILLOC_STATUS_NOT_EXECUTABLE;
  gilloc_message_warn("record: cannot execute %s: %s", request->command[0], strerror(errno));
  _exit(status);
}

/* Runs the program to its end; its status as waitpid has it. Keys of the terminal reach the program too, and
 * are its matter. */
static int run(const struct request *request, const char *events)
{
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  struct sigaction forward = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
  struct sigaction before[2];
  (void)sigaction(SIGINT, &ignore, &before[0]);
  (void)sigaction(SIGQUIT, &ignore, &before[1]);
  pid_t pid = fork();
  if (pid == 0) {
    (void)sigaction(SIGINT, &before[0], NULL);
    (void)sigaction(SIGQUIT, &before[1], NULL);
    become(request, events);
  }
  if (pid < 0)
    return -1;
  child = (sig_atomic_t)pid;
  (void)sigaction(SIGTERM, &forward, NULL);
  (void)sigaction(SIGHUP, &forward, NULL);
  int status = -1;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

/* ---- the trace ---- */

/* Why there is no trace to write, or NULL. */
static const char *judge(const struct gilloc_record_summary *summary)
{
  if (!summary->started)
    return "the program did not load the recorder: it is no program of its own or ended before it began";
  return summary->lost ? strerror((int)summary->lost) : NULL;
}

static const char *write_trace(const struct request *request, int events,
                               struct gilloc_record_summary *summary)
{
  static struct gilloc_trace_writer writer;
  char *name = NULL;
  int file = open_beside(request->output, &name);
  FILE *out = fdopen(file, "w");
  const char *error = out ? NULL : strerror(errno);
  if (!error) {
    gilloc_trace_writer_init(&writer, out, request->text ? GILLOC_TRACE_TEXT : GILLOC_TRACE_BINARY);
    error = gilloc_record_merge(events, &writer, summary);
    error = error ? error : judge(summary);
    if (!error &&
        !(gilloc_trace_writer_finish(&writer) && fchmod(file, gilloc_target_mode(request->output)) == 0 &&
          fsync(file) == 0 && rename(name, request->output) == 0))
      error = strerror(errno);
    (void)fclose(out);
  }
  if (error)
    (void)unlink(name);
  free(name);
  return error;
}

static int record(const struct request *request)
{
  struct gilloc_record_summary summary;
  char *name = NULL;
  int events = open_beside(request->output, &name);
  int status = run(request, name);
  (void)unlink(name);
  if (status == -1)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "record: cannot start %s: %s", request->command[0],
                        strerror(errno));
  int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  bool never_began = code == GILLOC_STATUS_NOT_FOUND || code == GILLOC_STATUS_NOT_EXECUTABLE;
  const char *error = write_trace(request, events, &summary);
  if (never_began && error && !summary.started)
    return code;
  if (error)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "record: there is no trace in '%s': %s", request->output,
                        error);
  gilloc_message_warn("record: %llu operations of %u thread%s in %s", (unsigned long long)summary.operations,
                      summary.threads, summary.threads == 1 ? "" : "s", request->output);
  return code;
}

/* ---- the request ---- */

static void choose_preload(struct request *request)
{
  request->library = gilloc_paths_recorder();
  if (!request->library)
    gilloc_message_refuse(
        "record: libgilloc-record.so is not installed; builds with a sanitizer do not have it");
  gilloc_arguments_check_preload("record", request->library);
  char *path = gilloc_program_find(request->command[0]);
  const char *obstacle = path ? gilloc_program_obstacle(path) : NULL;
  if (obstacle)
    gilloc_message_refuse("record: '%s' cannot be recorded: %s", request->command[0], obstacle);
  free(path);
}

/* The command that runs the script: the embedding program, the script and what stands behind it. */
static void choose_python(struct request *request, const char **rest)
{
  size_t count = 0;
  while (rest && rest[count])
    count++;
  if (access(request->script, R_OK) != 0)
    gilloc_message_refuse("record: --python: cannot read '%s': %s", request->script, strerror(errno));
  char *program = gilloc_paths_program("gilloc-record-python");
  if (!program)
    gilloc_message_refuse(
        "record: --python is not built in: libpython3.11 with its headers was missing then; "
        "install libpython3.11-dev and build gilloc again");
  request->command = gilloc_message_need(calloc(count + 3, sizeof *request->command));
  request->command[0] = program;
  request->command[1] = request->script;
  for (size_t i = 0; i < count; i++)
    request->command[i + 2] = (char *)rest[i];
}

int gilloc_record_main(int argc, const char **argv)
{
  struct request request = {0};
  const struct poptOption table[] = {
      {"output", 'o', POPT_ARG_STRING, &request.output, 0, "where the trace goes", "FILE"},
      {"text", 't', POPT_ARG_NONE, &request.text, 0, "the text form (default: binary)", NULL},
      {"python", 'p', POPT_ARG_STRING, &request.script, 0,
       "run SCRIPT in CPython 3.11 and record the interpreter's own allocations (domains mem and object)",
       "SCRIPT"},
      POPT_AUTOHELP POPT_TABLEEND};
  const struct gilloc_arguments arguments = {"record", "-o FILE [OPTION...] [--] COMMAND [ARGUMENT...]",
                                             POPT_CONTEXT_POSIXMEHARDER, argc, argv};
  poptContext context = gilloc_arguments_read(&arguments, table);
  if (!request.output)
    gilloc_message_refuse("record: --output is missing: gilloc record -o FILE [--] COMMAND...");
  const char **rest = poptGetArgs(context);
  request.command = (char **)rest;
  if (!request.script && (!rest || !rest[0]))
    gilloc_message_refuse("record: the command is missing: gilloc record -o %s -- COMMAND...",
                          request.output);
  check_output(request.output);
  if (request.script)
    choose_python(&request, rest);
  else
    choose_preload(&request);
  return record(&request);
}
