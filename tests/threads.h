/* SPDX-License-Identifier: MIT
 *
 * threads.h: what tests with threads and child processes share. cmocka's asserts work in the main thread
 * alone, so a thread counts what it finds wrong with THREAD_EXPECT, and the test ends with
 * EXPECT_EQ(test_failures, 0). Nothing here sleeps to synchronise: waiting is for a word or for a state
 * of a thread, and threads_limit bounds it.
 */
#ifndef GILLOC_TESTS_THREADS_H
#define GILLOC_TESTS_THREADS_H

#include "base.h"
#include "fixture.h"
#include "platform.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  THREADS_MAX = 64,
  THREADS_NS_PER_MS = 1000000,
  THREADS_CLOCK_SLACK = THREADS_NS_PER_MS /* how far the counters' cheap clock may be off: platform.h */
};

typedef void *threads_body(void *argument);

/* A hang ends the process by SIGALRM; the time is a bound on failure, never waited for. */
static inline void threads_limit(unsigned seconds)
{
  alarm(seconds);
}

/* A cmocka setup: every test starts without failures and with a time to live that even a machine which stands
 * still for a while leaves enough of; it ends before CTest ends the program. */
static inline int threads_begin(void **state)
{
  (void)state;
  atomic_store(&test_failures, 0);
  threads_limit(110);
  return 0;
}

static inline void threads_start(pthread_t *id, threads_body *body, void *argument)
{
  int error = pthread_create(id, NULL, body, argument);
  if (error) {
    fprintf(stderr, "pthread_create: %s\n", strerror(error));
    abort();
  }
}

static inline void threads_join(pthread_t id)
{
  if (pthread_join(id, NULL) != 0)
    abort();
}

/* Runs `count` threads from start to end. */
static inline void threads_run(unsigned count, threads_body *body, void *argument)
{
  pthread_t ids[THREADS_MAX];
  for (unsigned i = 0; i < count; i++)
    threads_start(&ids[i], body, argument);
  for (unsigned i = 0; i < count; i++)
    threads_join(ids[i]);
}

static inline uint64_t threads_clock(clockid_t which)
{
  struct timespec now;
  clock_gettime(which, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static inline uint64_t threads_now(void)
{
  return threads_clock(CLOCK_MONOTONIC);
}

static inline uint64_t threads_ms(uint64_t milliseconds)
{
  return milliseconds * THREADS_NS_PER_MS;
}

/* Keeps this thread busy for `ns`, as a computation would. */
static inline void threads_work(uint64_t ns)
{
  for (uint64_t end = threads_now() + ns; threads_now() < end;)
    ;
}

/* Adds one in three steps with time between them, so that two threads at it together lose some. */
static inline void threads_count(volatile unsigned long *counter)
{
  unsigned long seen = *counter;
  gilloc_spin_hint();
  *counter = seen + 1;
}

/* Waits until `*word` is at least `value`. */
static inline void threads_await(_Atomic unsigned *word, unsigned value)
{
  while (atomic_load(word) < value)
    sched_yield();
}

/* Waits until the thread of kernel id `*tid` (0 until it is known) sleeps in the kernel: it is parked. */
static inline void threads_await_asleep(_Atomic unsigned *tid)
{
  threads_await(tid, 1);
  char path[64], text[256], state = 0;
  snprintf(path, sizeof path, "/proc/self/task/%u/stat", atomic_load(tid));
  while (state != 'S') {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0)
      close(file);
    text[length < 0 ? 0 : length] = 0;
    const char *name_end = strrchr(text, ')');
    state = name_end && name_end[1] ? name_end[2] : 0;
    sched_yield();
  }
}

/* Runs `body` in a forked child, which leaves by _exit(0) when it is done; returns the wait status. */
static inline int threads_fork(void (*body)(void))
{
  pid_t child = fork();
  if (child == 0) {
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    threads_limit(100);
    body();
    _exit(test_failures ? 1 : 0);
  }
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child)
    abort();
  return status;
}

#endif
