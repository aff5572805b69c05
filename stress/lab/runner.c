/* SPDX-License-Identifier: MIT
 *
 * runner.c: spawn, watch, reap. The watch sleeps in ppoll(2) on the two pipes and the process' pidfd;
 * ten times a second it also looks at the memory. The signals that end a lab are blocked except inside
 * ppoll, so none is lost between a test and the sleep.
 */
#include "runner.h"

#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMPLAINT_MAX = 1 << 14, WATCH_NS = 100000000 };

static volatile sig_atomic_t caught;
static sigset_t usual_mask;
static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP};

static void note_signal(int number)
{
  caught = number;
}

void gilloc_runner_catch_signals(void)
{
  sigset_t set;
  (void)sigemptyset(&set);
  for (size_t i = 0; i < sizeof ending_signals / sizeof *ending_signals; i++) {
    struct sigaction old;
    (void)sigaction(ending_signals[i], NULL, &old);
    struct sigaction action = {.sa_handler = note_signal};
    /* nohup's SIGHUP stays ignored. */
    if (old.sa_handler == SIG_DFL && sigaction(ending_signals[i], &action, NULL) == 0)
      (void)sigaddset(&set, ending_signals[i]);
  }
  (void)sigprocmask(SIG_BLOCK, &set, &usual_mask);
}

int gilloc_runner_signal(void)
{
  struct timespec now = {0, 0};
  if (!caught)
    (void)ppoll(NULL, 0, &now, &usual_mask);
  return caught;
}

void gilloc_runner_die_by_signal(void)
{
  if (!caught)
    return;
  (void)signal(caught, SIG_DFL);
  (void)raise(caught);
  (void)sigprocmask(SIG_SETMASK, &usual_mask, NULL);
}

static double now_s(void)
{
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* One pipe of the program, read to its end or to its limit; what comes after the limit is dropped. */
struct stream {
  int file; /* -1 once closed */
  char *text;
  size_t length;
  size_t limit;
};

struct watch {
  pid_t process;
  int pidfd;
  struct stream output;
  struct stream complaint;
};

static void stream_init(struct stream *stream, int file, size_t limit)
{
  (void)fcntl(file, F_SETFL, O_NONBLOCK);
  *stream = (struct stream){file, gilloc_message_need(malloc(limit + 1)), 0, limit};
}

static void stream_drain(struct stream *stream)
{
  char dropped[4096];
  while (stream->file >= 0) {
    size_t room = stream->limit - stream->length;
    ssize_t count = room ? read(stream->file, stream->text + stream->length, room)
                         : read(stream->file, dropped, sizeof dropped);
    if (count < 0)
      return;
    if (count == 0) {
      (void)close(stream->file);
      stream->file = -1;
    }
    stream->length += room ? (size_t)count : 0;
  }
}

/* Ends reading and returns the text. */
static char *stream_fini(struct stream *stream)
{
  stream_drain(stream);
  if (stream->file >= 0)
    (void)close(stream->file);
  stream->text[stream->length] = '\0';
  return gilloc_message_need(realloc(stream->text, stream->length + 1));
}

_Noreturn static void become(char *const *argv, const int output[2], const int complaint[2])
{
  int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  (void)setpgid(0, 0);
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)sigprocmask(SIG_SETMASK, &usual_mask, NULL);
  if (dup2(nothing, STDIN_FILENO) >= 0 && dup2(output[1], STDOUT_FILENO) >= 0 &&
      dup2(complaint[1], STDERR_FILENO) >= 0)
    (void)execv(argv[0], argv);
  (void)dprintf(STDERR_FILENO, "cannot start %s: %s\n", argv[0], strerror(errno));
  _exit(GILLOC_STATUS_NOT_FOUND);
}

static struct watch start(char *const *argv)
{
  int output[2];
  int complaint[2];
  if (pipe2(output, O_CLOEXEC) != 0 || pipe2(complaint, O_CLOEXEC) != 0)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "cannot make a pipe: %s", strerror(errno));
  (void)fflush(NULL);
  pid_t process = fork();
  if (process < 0)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "cannot start a process: %s", strerror(errno));
  if (process == 0)
    become(argv, output, complaint);
  /* Both sides do this: whoever comes first, kill(-process) means the group from here on. */
  (void)setpgid(process, process);
  (void)close(output[1]);
  (void)close(complaint[1]);
  struct watch watch = {.process = process, .pidfd = (int)syscall(SYS_pidfd_open, process, 0)};
  if (watch.pidfd < 0) {
    (void)kill(-process, SIGKILL);
    gilloc_message_fail(GILLOC_STATUS_FAILED, "cannot watch a process: %s (Linux 5.3 or later is needed)",
                        strerror(errno));
  }
  stream_init(&watch.output, output[0], GILLOC_RUNNER_OUTPUT_MAX);
  stream_init(&watch.complaint, complaint[0], COMPLAINT_MAX);
  return watch;
}

static uint64_t resident_bytes(pid_t process)
{
  char path[64];
  (void)snprintf(path, sizeof path, "/proc/%d/statm", (int)process);
  unsigned long long pages = 0;
  FILE *file = fopen(path, "re");
  if (file) {
    if (fscanf(file, "%*u %llu", &pages) != 1)
      pages = 0;
    (void)fclose(file);
  }
  return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Of the program and of the children of its main thread, which is where workers fork. */
static uint64_t group_resident_bytes(pid_t process)
{
  uint64_t bytes = resident_bytes(process);
  char path[96];
  (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)process, (int)process);
  FILE *file = fopen(path, "re");
  int child = 0;
  while (file && fscanf(file, "%d", &child) == 1)
    bytes += resident_bytes(child);
  if (file)
    (void)fclose(file);
  return bytes;
}

/* Sleeps until something happens, at most until the next look at the memory. */
static bool wait_for_exit(struct watch *watch, double remaining_s)
{
  struct pollfd files[] = {
      {watch->output.file, POLLIN, 0}, {watch->complaint.file, POLLIN, 0}, {watch->pidfd, POLLIN, 0}};
  struct timespec sleep = {0, WATCH_NS};
  if (remaining_s < WATCH_NS * 1e-9)
    sleep.tv_nsec = (long)(remaining_s * 1e9) + 1;
  int ready = ppoll(files, sizeof files / sizeof *files, &sleep, &usual_mask);
  stream_drain(&watch->output);
  stream_drain(&watch->complaint);
  return ready > 0 && files[2].revents != 0;
}

static enum gilloc_runner_fate watch_until_end(struct watch *watch, double deadline, uint64_t memory_limit)
{
  for (;;) {
    double remaining = deadline - now_s();
    if (remaining <= 0)
      return GILLOC_RUNNER_HUNG;
    if (wait_for_exit(watch, remaining))
      return GILLOC_RUNNER_EXITED;
    if (caught)
      return GILLOC_RUNNER_INTERRUPTED;
    if (group_resident_bytes(watch->process) > memory_limit)
      return GILLOC_RUNNER_BLOATED;
  }
}

static char *first_line(char *text)
{
  text[strcspn(text, "\n")] = '\0';
  return text;
}

struct gilloc_runner_end gilloc_runner_run(char *const *argv, double timeout_s, uint64_t memory_limit)
{
  double begin = now_s();
  struct watch watch = start(argv);
  struct gilloc_runner_end end = {.fate = watch_until_end(&watch, begin + timeout_s, memory_limit)};
  /* Not reaped yet, so the group's number cannot have gone to anybody else. */
  (void)kill(-watch.process, SIGKILL);
  int status = 0;
  while (waitpid(watch.process, &status, 0) < 0 && errno == EINTR)
    continue;
  end.value = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  if (end.fate == GILLOC_RUNNER_EXITED && WIFSIGNALED(status))
    end.fate = GILLOC_RUNNER_SIGNALLED;
  end.output = stream_fini(&watch.output);
  end.complaint = first_line(stream_fini(&watch.complaint));
  (void)close(watch.pidfd);
  end.wall_s = now_s() - begin;
  return end;
}

void gilloc_runner_end_fini(struct gilloc_runner_end *end)
{
  free(end->output);
  free(end->complaint);
}
