/* SPDX-License-Identifier: MIT
 *
 * load_client.c: see load_client.h. The load process dies with its worker, however that one ends.
 */
#include "load_client.h"

#include "clock.h"
#include "pipe_io.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NUMBER_SIZE = 24, PORT_DIGITS = 6 };

struct command {
  char path[PATH_MAX];
  char ports[GILLOC_LANES_MAX * PORT_DIGITS + 1];
  char rate[NUMBER_SIZE];
  char seed[NUMBER_SIZE];
  char window[NUMBER_SIZE];
  char end[NUMBER_SIZE];
};

static bool find_program(char path[PATH_MAX])
{
  static const char name[] = "gilloc-load";
  ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - sizeof name);
  if (length <= 0)
    return false;
  path[length] = '\0';
  char *slash = strrchr(path, '/');
  memcpy(slash + 1, name, sizeof name);
  return access(path, X_OK) == 0;
}

static void write_options(struct command *command, const struct gilloc_plan *plan)
{
  uint64_t window_ns = (uint64_t)(plan->warmup * 1e9);
  uint64_t end_ns = window_ns + (uint64_t)(plan->seconds * 1e9);
  snprintf(command->rate, NUMBER_SIZE, "%" PRIu32, plan->rate);
  snprintf(command->seed, NUMBER_SIZE, "%" PRIu64, plan->seed);
  snprintf(command->window, NUMBER_SIZE, "%" PRIu64, window_ns);
  snprintf(command->end, NUMBER_SIZE, "%" PRIu64, end_ns);
}

static void write_ports(struct command *command, const uint16_t *ports, unsigned count)
{
  char *at = command->ports;
  for (unsigned i = 0; i < count; i++)
    at += sprintf(at, "%s%u", i == 0 ? "" : ",", ports[i]);
}

_Noreturn static void become_load(const struct command *command, const int to[2], const int from[2])
{
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(to[0], STDIN_FILENO);
  dup2(from[1], STDOUT_FILENO);
  execl(command->path, command->path, "--ports", command->ports, "--rate", command->rate, "--seed",
        command->seed, "--window-ns", command->window, "--end-ns", command->end, (char *)NULL);
  _exit(GILLOC_EXIT_WRONG);
}

static bool spawn(struct gilloc_load_client *client, const struct command *command)
{
  int to[2];
  int from[2];
  if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
    return false;
  client->process = fork();
  if (client->process == 0)
    become_load(command, to, from);
  close(to[0]);
  close(from[1]);
  client->to = to[1];
  client->from = from[0];
  return client->process > 0;
}

bool gilloc_load_client_start(struct gilloc_load_client *client, const struct gilloc_plan *plan,
                              const uint16_t *ports, unsigned count)
{
  struct command command;
  if (!find_program(command.path)) {
    fprintf(stderr, "gilloc-worker: no program gilloc-load beside this one\n");
    return false;
  }
  write_options(&command, plan);
  write_ports(&command, ports, count);
  char ready = 0;
  if (!spawn(client, &command) || !gilloc_pipe_read(client->from, &ready, sizeof ready)) {
    fprintf(stderr, "gilloc-worker: gilloc-load did not start: %s\n", strerror(errno));
    return false;
  }
  return true;
}

bool gilloc_load_client_begin(const struct gilloc_load_client *client, uint64_t start_ns)
{
  return gilloc_pipe_write(client->to, &start_ns, sizeof start_ns);
}

bool gilloc_load_client_finish(struct gilloc_load_client *client, struct gilloc_load_report *report)
{
  bool good = gilloc_pipe_read(client->from, report, sizeof *report);
  close(client->to);
  close(client->from);
  while (waitpid(client->process, NULL, 0) < 0 && errno == EINTR) {
  }
  if (!good)
    fprintf(stderr, "gilloc-worker: gilloc-load ended without a report\n");
  return good;
}
