/* SPDX-License-Identifier: MIT
 *
 * processes.c: see processes.h. Children die with the parent, however it ends.
 */
#include "processes.h"

#include "pipe_io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct gilloc_process {
  pid_t id;
  int to;
  int from;
};

struct child_report {
  struct gilloc_window window;
  struct gilloc_lane_window lane;
};

_Noreturn static void be_child(struct gilloc_lanes *lanes, unsigned lane, const struct gilloc_process *pipes)
{
  struct child_report report;
  uint64_t start_ns = 0;
  char stop = 0;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  lanes->first = lane;
  lanes->count = 1;
  gilloc_lanes_begin(lanes);
  if (!gilloc_pipe_write(pipes->to, "r", 1) || !gilloc_pipe_read(pipes->from, &start_ns, sizeof start_ns))
    _exit(1);
  gilloc_lanes_measure(lanes, start_ns, &report.window);
  if (!gilloc_pipe_read(pipes->from, &stop, 1))
    _exit(1);
  gilloc_lanes_end(lanes, &report.window);
  report.lane = lanes->windows[lane];
  _exit(gilloc_pipe_write(pipes->to, &report, sizeof report) ? 0 : 1);
}

static bool fork_child(struct gilloc_processes *processes, unsigned lane)
{
  struct gilloc_process *child = &processes->children[lane];
  int to[2];
  int from[2];
  if (pipe2(to, O_CLOEXEC) != 0)
    return false;
  if (pipe2(from, O_CLOEXEC) != 0) {
    close(to[0]);
    close(to[1]);
    return false;
  }
  child->id = fork();
  if (child->id == 0) {
    close(to[1]);
    close(from[0]);
    be_child(processes->lanes, lane, &(struct gilloc_process){.to = from[1], .from = to[0]});
  }
  close(to[0]);
  close(from[1]);
  child->to = to[1];
  child->from = from[0];
  return child->id > 0;
}

bool gilloc_processes_begin(struct gilloc_processes *processes, struct gilloc_lanes *lanes)
{
  unsigned total = gilloc_lanes_total(lanes->workload, lanes->plan);
  *processes = (struct gilloc_processes){.lanes = lanes, .count = total};
  processes->children = calloc(total, sizeof *processes->children);
  bool good = processes->children != NULL;
  for (unsigned i = 0; good && i < total; i++)
    good = fork_child(processes, i);
  char ready = 0;
  for (unsigned i = 0; good && i < total; i++)
    good = gilloc_pipe_read(processes->children[i].from, &ready, 1);
  if (!good)
    fprintf(stderr, "gilloc-worker: a process of %u did not start: %s\n", total, strerror(errno));
  return good;
}

bool gilloc_processes_start(const struct gilloc_processes *processes, uint64_t start_ns)
{
  bool good = true;
  for (unsigned i = 0; good && i < processes->count; i++)
    good = gilloc_pipe_write(processes->children[i].to, &start_ns, sizeof start_ns);
  return good;
}

static void add_window(struct gilloc_window *sum, const struct gilloc_window *window, unsigned processes)
{
  sum->seconds += window->seconds / processes;
  sum->gil.acquisitions += window->gil.acquisitions;
  sum->gil.holder_changes += window->gil.holder_changes;
  sum->gil.forced_drops += window->gil.forced_drops;
  sum->gil.waited_ns += window->gil.waited_ns;
  sum->gil.held_ns += window->gil.held_ns;
  sum->user_ns += window->user_ns;
  sum->system_ns += window->system_ns;
  sum->voluntary_switches += window->voluntary_switches;
  sum->involuntary_switches += window->involuntary_switches;
  sum->peak_rss_bytes += window->peak_rss_bytes;
  sum->wrong = sum->wrong || window->wrong;
}

/* Waits for the child; true if it ended well. */
static bool bury(const struct gilloc_process *child)
{
  int status = 0;
  while (waitpid(child->id, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    fprintf(stderr, "gilloc-worker: a process ended by signal %d\n", WTERMSIG(status));
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool gilloc_processes_end(struct gilloc_processes *processes, struct gilloc_window *window)
{
  *window = (struct gilloc_window){0};
  for (unsigned i = 0; i < processes->count; i++)
    gilloc_pipe_write(processes->children[i].to, "s", 1);
  bool good = true;
  for (unsigned i = 0; i < processes->count; i++) {
    const struct gilloc_process *child = &processes->children[i];
    struct child_report report;
    good = gilloc_pipe_read(child->from, &report, sizeof report) && good;
    good = bury(child) && good;
    close(child->to);
    close(child->from);
    if (good) {
      add_window(window, &report.window, processes->count);
      processes->lanes->windows[i] = report.lane;
    }
  }
  free(processes->children);
  if (!good)
    fprintf(stderr, "gilloc-worker: a process ended without a report\n");
  return good;
}
