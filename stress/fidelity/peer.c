/* SPDX-License-Identifier: MIT
 *
 * peer.c: the load of `gilloc fidelity`'s UDP experiments, the same for CPython and for gilloc. It starts the
 * worker, tells it its port, plays from the first processor that it may use, stops the worker and waits for
 * it.
 *
 *   gilloc-fidelity-peer pingpong BYTES MS WARM_MS WORKER ARGUMENT...
 *   gilloc-fidelity-peer latency PERIOD_US MS WARM_MS WORKER ARGUMENT...
 *
 * It prints lines "NAME NUMBER"; the worker's own go the same way. Status: the worker's, or 1.
 */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  TRIPS_MAX = 4 << 20,
  ANSWER_US = 500000, /* after this an answer is lost, and the next message goes out */
  HELLO_S = 30
};

static struct {
  int file;
  struct sockaddr_in worker;
  unsigned long unit, ms, warm_ms; /* bytes or microseconds; measured; before that */
} peer;

static uint32_t *trip_ns;

_Noreturn static void fail(const char *what)
{
  fprintf(stderr, "gilloc-fidelity-peer: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* After the worker was started, which may use all processors. */
static void pin(void)
{
  cpu_set_t usable, one;
  if (sched_getaffinity(0, sizeof usable, &usable) != 0 || CPU_COUNT(&usable) < 2)
    return;
  int cpu = 0;
  while (!CPU_ISSET(cpu, &usable))
    cpu++;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0)
    fail("sched_setaffinity");
}

static void be_patient_for(time_t seconds, suseconds_t microseconds)
{
  struct timeval patience = {seconds, microseconds};
  if (setsockopt(peer.file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
    fail("SO_RCVTIMEO");
}

static unsigned open_socket(void)
{
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof own;
  peer.file = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (peer.file < 0 || bind(peer.file, (struct sockaddr *)&own, length) != 0 ||
      getsockname(peer.file, (struct sockaddr *)&own, &length) != 0)
    fail("UDP socket");
  return ntohs(own.sin_port);
}

/* The worker's arguments, and the port after them. */
static pid_t start_worker(char **arguments, int count, unsigned port)
{
  char last[32];
  snprintf(last, sizeof last, "port=%u", port);
  char **all = calloc((size_t)count + 2, sizeof *all);
  if (all == NULL)
    fail("calloc");
  memcpy(all, arguments, (size_t)count * sizeof *all);
  all[count] = last;
  pid_t worker = fork();
  if (worker < 0)
    fail("fork");
  if (worker == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execv(all[0], all);
    fail(all[0]);
  }
  free(all);
  return worker;
}

/* A worker that dies before its hello is noticed at once. */
static void await_hello(pid_t worker)
{
  char message[GILLOC_PEER_MESSAGE_MAX];
  be_patient_for(0, 50000);
  for (uint64_t until = now_ns() + HELLO_S * UINT64_C(1000000000); now_ns() < until;) {
    socklen_t length = sizeof peer.worker;
    if (recvfrom(peer.file, message, sizeof message, 0, (struct sockaddr *)&peer.worker, &length) >= 0) {
      if (connect(peer.file, (struct sockaddr *)&peer.worker, length) != 0)
        fail("connect");
      return;
    }
    int status = 0;
    if (waitpid(worker, &status, WNOHANG) == worker) {
      fprintf(stderr, "gilloc-fidelity-peer: the worker ended before its hello\n");
      exit(1);
    }
  }
  fprintf(stderr, "gilloc-fidelity-peer: no hello from the worker within %d s\n", HELLO_S);
  exit(1);
}

/* One message there and back; false if it was lost. A late answer to a lost one is known by its number. */
static bool play_once(uint64_t number)
{
  char message[GILLOC_PEER_MESSAGE_MAX] = {0};
  memcpy(message, &number, sizeof number);
  if (send(peer.file, message, peer.unit, 0) < 0)
    return false;
  for (;;) {
    uint64_t answered = 0;
    ssize_t size = recv(peer.file, message, sizeof message, 0);
    if (size < 0 && errno == EINTR)
      continue;
    if (size < 0)
      return false;
    memcpy(&answered, message, sizeof answered);
    if (answered == number)
      return true;
  }
}

static int compare_times(const void *a, const void *b)
{
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static void print_trips(size_t trips, double seconds, unsigned long lost)
{
  printf("value %.3f\nlost %lu\n", (double)trips / seconds, lost);
  size_t kept = trips < TRIPS_MAX ? trips : TRIPS_MAX;
  if (kept == 0)
    return;
  qsort(trip_ns, kept, sizeof *trip_ns, compare_times);
  printf("p50_us %.3f\np99_us %.3f\nmax_us %.3f\n", trip_ns[kept / 2] * 1e-3, trip_ns[kept * 99 / 100] * 1e-3,
         trip_ns[kept - 1] * 1e-3);
}

static void play(void)
{
  size_t trips = 0;
  unsigned long lost = 0;
  uint64_t number = 0, now = now_ns(), warm_until = now + peer.warm_ms * UINT64_C(1000000);
  be_patient_for(0, ANSWER_US);
  while (now < warm_until) {
    (void)play_once(number++);
    now = now_ns();
  }
  uint64_t begin = now, end = begin + peer.ms * UINT64_C(1000000);
  while (now < end) {
    uint64_t start = now;
    bool answered = play_once(number++);
    now = now_ns();
    if (answered && trips < TRIPS_MAX)
      trip_ns[trips] = now - start > UINT32_MAX ? UINT32_MAX : (uint32_t)(now - start);
    trips += answered;
    lost += !answered;
  }
  print_trips(trips, (double)(now - begin) * 1e-9, lost);
}

/* By the clock, whatever the worker does: a late worker does not thin out its own load. */
static void ping(void)
{
  uint64_t next = now_ns() + peer.warm_ms * UINT64_C(1000000), end = next + peer.ms * UINT64_C(1000000);
  unsigned long sent = 0;
  for (; next < end; next += peer.unit * UINT64_C(1000)) {
    struct timespec until = {(time_t)(next / 1000000000), (long)(next % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) {
    }
    uint64_t stamp = now_ns();
    sent += send(peer.file, &stamp, sizeof stamp, 0) == (ssize_t)sizeof stamp;
  }
  printf("sent %lu\n", sent);
}

static unsigned long number(const char *text)
{
  char *end = NULL;
  unsigned long value = strtoul(text, &end, 10);
  if (end == text || *end != '\0') {
    fprintf(stderr, "gilloc-fidelity-peer: not a number: '%s'\n", text);
    exit(2);
  }
  return value;
}

int main(int argc, char **argv)
{
  bool latency = argc > 1 && strcmp(argv[1], "latency") == 0;
  if (argc < 6 || (!latency && strcmp(argv[1], "pingpong") != 0)) {
    fprintf(stderr, "gilloc-fidelity-peer: pingpong|latency UNIT MS WARM_MS WORKER ARGUMENT...\n");
    return 2;
  }
  peer.unit = number(argv[2]);
  peer.ms = number(argv[3]);
  peer.warm_ms = number(argv[4]);
  if (!latency && (peer.unit < sizeof(uint64_t) || peer.unit > GILLOC_PEER_MESSAGE_MAX)) {
    fprintf(stderr, "gilloc-fidelity-peer: a message has 8 to %d bytes\n", GILLOC_PEER_MESSAGE_MAX);
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  trip_ns = calloc(TRIPS_MAX, sizeof *trip_ns);
  if (trip_ns == NULL)
    fail("calloc");
  pid_t worker = start_worker(argv + 5, argc - 5, open_socket());
  pin();
  await_hello(worker);
  if (latency)
    ping();
  else
    play();
  if (fflush(stdout) != 0 || send(peer.file, GILLOC_PEER_STOP, strlen(GILLOC_PEER_STOP), 0) < 0)
    fail("stop");
  int status = 0;
  while (waitpid(worker, &status, 0) < 0) {
    if (errno != EINTR)
      fail("waitpid");
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
