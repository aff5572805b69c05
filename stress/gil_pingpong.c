/* SPDX-License-Identifier: MIT
 *
 * gil_pingpong.c: what a GIL policy does to an I/O thread beside threads that compute. A peer process plays
 * strict UDP ping-pong on loopback with a thread under the GIL while k spinners hold the GIL whenever they
 * can; the peer and the I/O thread stand on the first processor, the spinners on the second. With --cpued the
 * I/O thread is replaced by one that computes for a millisecond and then sleeps for no time at all, again and
 * again, as if it did I/O.
 *
 *   gil_pingpong [--policy NAME] [--interval-us N] [--spinners N] [--seconds S] [--cpued]
 *
 * One line: round trips a second and their times, each thread's share of the hold time, and what the spinners
 * did of what one does alone, in the time that the I/O thread left them.
 */
#include "lab/prng.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <gilloc/gil.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  SPINNERS_MAX = 16,
  TRIPS_MAX = 4 << 20,
  MESSAGE_BYTES = 16,
  IO_WORK_NS = 1000,       /* held after each of the I/O thread's two calls, as an interpreter would */
  CPUED_WORK_NS = 1000000, /* held between two empty sleeps */
  STEPS_PER_CHECKPOINT = 30
};

/* Shared with the peer. */
struct scene {
  _Atomic bool stop;
  _Atomic uint64_t trips;
  uint32_t trip_ns[TRIPS_MAX]; /* written by the peer, read when it has ended */
};

struct player {
  pthread_t id;
  _Atomic uint64_t steps;
  struct gilloc_gil_counters counters; /* at its end */
};

static struct options {
  const char *policy;
  unsigned long interval_us, spinners;
  double seconds;
  bool cpued;
} options = {.policy = "fair", .interval_us = 5000, .spinners = 1, .seconds = 1};

static struct scene *scene;
static struct player players[SPINNERS_MAX + 1]; /* the last is the I/O thread */
static int sockets[2];                          /* the peer's, the I/O thread's; connected to each other */

_Noreturn static void fail(const char *what)
{
  fprintf(stderr, "gil_pingpong: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void work(uint64_t ns)
{
  for (uint64_t end = now_ns() + ns; now_ns() < end;)
    ;
}

/* Onto the n-th processor that this process may use; onto none in particular where it has one only. */
static void pin(int n)
{
  cpu_set_t usable, one;
  if (sched_getaffinity(0, sizeof usable, &usable) != 0 || CPU_COUNT(&usable) < 2)
    return;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, &usable) || n-- > 0)
      continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
    return;
  }
}

static void open_sockets(void)
{
  struct sockaddr_in names[2];
  socklen_t length = sizeof names[0];
  struct timeval patience = {0, 100000};
  for (int i = 0; i < 2; i++) {
    names[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sockets[i] < 0 || bind(sockets[i], (struct sockaddr *)&names[i], length) != 0 ||
        getsockname(sockets[i], (struct sockaddr *)&names[i], &length) != 0 ||
        setsockopt(sockets[i], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
      fail("UDP socket");
  }
  for (int i = 0; i < 2; i++)
    if (connect(sockets[i], (struct sockaddr *)&names[1 - i], length) != 0)
      fail("connect");
}

/* The peer: a process of its own, which knows no GIL. A late answer is still an answer. */
_Noreturn static void play_peer(void)
{
  char message[MESSAGE_BYTES] = {0};
  pin(0);
  while (!atomic_load(&scene->stop)) {
    uint64_t start = now_ns(), trips = atomic_load_explicit(&scene->trips, memory_order_relaxed);
    if (send(sockets[0], message, sizeof message, 0) < 0)
      continue;
    while (recv(sockets[0], message, sizeof message, 0) < 0 && !atomic_load(&scene->stop))
      ;
    if (atomic_load(&scene->stop) || trips == TRIPS_MAX)
      continue;
    scene->trip_ns[trips] = (uint32_t)(now_ns() - start);
    atomic_store(&scene->trips, trips + 1);
  }
  _exit(0);
}

static void *answer(void *argument)
{
  struct player *player = argument;
  char message[MESSAGE_BYTES];
  pin(0);
  gilloc_thread_attach();
  while (!atomic_load(&scene->stop)) {
    gilloc_blocking_enter();
    ssize_t size = recv(sockets[1], message, sizeof message, 0);
    gilloc_blocking_leave();
    if (size < 0)
      continue;
    work(IO_WORK_NS);
    gilloc_blocking_enter();
    (void)!send(sockets[1], message, (size_t)size, 0);
    gilloc_blocking_leave();
    work(IO_WORK_NS);
    gilloc_checkpoint();
  }
  gilloc_thread_detach();
  player->counters = gilloc_gil_thread_counters();
  return NULL;
}

static void *pretend(void *argument)
{
  struct player *player = argument;
  pin(0);
  gilloc_thread_attach();
  while (!atomic_load(&scene->stop)) {
    for (uint64_t end = now_ns() + CPUED_WORK_NS; now_ns() < end;)
      gilloc_checkpoint();
    gilloc_blocking_enter();
    nanosleep(&(struct timespec){0, 0}, NULL);
    gilloc_blocking_leave();
  }
  gilloc_thread_detach();
  player->counters = gilloc_gil_thread_counters();
  return NULL;
}

static void *compute(void *argument)
{
  struct player *player = argument;
  struct gilloc_prng prng = gilloc_prng_stream(1, 1);
  uint64_t sum = 0, steps = 0;
  pin(1);
  gilloc_thread_attach();
  while (!atomic_load_explicit(&scene->stop, memory_order_relaxed)) {
    for (unsigned i = 0; i < STEPS_PER_CHECKPOINT; i++)
      sum += gilloc_prng_next(&prng);
    steps += STEPS_PER_CHECKPOINT + (sum == 0);
    gilloc_checkpoint();
  }
  atomic_store(&player->steps, steps);
  gilloc_thread_detach();
  player->counters = gilloc_gil_thread_counters();
  return NULL;
}

/* Runs the first `spinners` players, and the last by `guest` if there is one, for `seconds` as measured. */
static double run(unsigned long spinners, void *(*guest)(void *), double seconds)
{
  atomic_store(&scene->stop, false);
  uint64_t start = now_ns();
  if (guest != NULL && pthread_create(&players[SPINNERS_MAX].id, NULL, guest, &players[SPINNERS_MAX]) != 0)
    fail("pthread_create");
  for (unsigned long i = 0; i < spinners; i++)
    if (pthread_create(&players[i].id, NULL, compute, &players[i]) != 0)
      fail("pthread_create");
  struct timespec length = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  while (nanosleep(&length, &length) != 0)
    ;
  atomic_store(&scene->stop, true);
  double passed = (double)(now_ns() - start) * 1e-9;
  for (unsigned long i = 0; i < spinners; i++)
    pthread_join(players[i].id, NULL);
  if (guest != NULL)
    pthread_join(players[SPINNERS_MAX].id, NULL);
  return passed;
}

static int compare_times(const void *a, const void *b)
{
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static void print_trips(double passed)
{
  uint64_t trips = atomic_load(&scene->trips);
  if (trips == 0)
    return (void)printf(" no round trip");
  qsort(scene->trip_ns, trips, sizeof scene->trip_ns[0], compare_times);
  printf(" %.0f round trips/s, p50 %.0f us, p99 %.0f us, max %.0f us;", (double)trips / passed,
         scene->trip_ns[trips / 2] * 1e-3, scene->trip_ns[trips * 99 / 100] * 1e-3,
         scene->trip_ns[trips - 1] * 1e-3);
}

/* `solo`: one spinner's steps a second when it is alone. */
static void print_shares(double passed, double solo)
{
  double guest = (double)players[SPINNERS_MAX].counters.held_ns * 1e-9 / passed, steps = 0;
  printf(" held: %s %.1f %%", options.cpued ? "pretender" : "I/O", guest * 100);
  for (unsigned long i = 0; i < options.spinners; i++) {
    printf(", spinner %.1f %%", (double)players[i].counters.held_ns * 1e-7 / passed);
    steps += (double)atomic_load(&players[i].steps);
  }
  if (options.spinners > 0)
    printf("; spinners at %.1f %% of what was left", steps / passed / solo / (1 - guest) * 100);
  printf("\n");
}

_Noreturn static void refuse(const char *what)
{
  fprintf(stderr, "gil_pingpong: %s; options are --policy NAME (", what);
  for (unsigned n = 0; gilloc_gil_policy_name(n) != NULL; n++)
    fprintf(stderr, "%s%s", n > 0 ? ", " : "", gilloc_gil_policy_name(n));
  fprintf(stderr, "), --interval-us N, --spinners 0 to %d, --seconds 0.05 to 60, --cpued\n", SPINNERS_MAX);
  exit(2);
}

static void parse(int argc, char **argv)
{
  static const struct option known[] = {
      {"policy", required_argument, NULL, 'p'},   {"interval-us", required_argument, NULL, 'i'},
      {"spinners", required_argument, NULL, 'n'}, {"seconds", required_argument, NULL, 's'},
      {"cpued", no_argument, NULL, 'c'},          {NULL, 0, NULL, 0}};
  char none = 0, *end = &none;
  for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
    switch (option) {
    case 'p':
      options.policy = optarg;
      break;
    case 'i':
      options.interval_us = strtoul(optarg, &end, 10);
      break;
    case 'n':
      options.spinners = strtoul(optarg, &end, 10);
      break;
    case 's':
      options.seconds = strtod(optarg, &end);
      break;
    case 'c':
      options.cpued = true;
      break;
    default:
      refuse("unknown option");
    }
    if (*end != '\0')
      refuse("not a number");
  }
  if (optind < argc || options.spinners > SPINNERS_MAX || !(options.seconds >= 0.05 && options.seconds <= 60))
    refuse("out of range");
  if (!gilloc_gil_set_policy(options.policy))
    refuse("unknown policy");
  if (!gilloc_gil_set_interval(options.interval_us))
    refuse("the interval is 1 to 1000000000");
}

int main(int argc, char **argv)
{
  parse(argc, argv);
  scene = mmap(NULL, sizeof *scene, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (scene == MAP_FAILED)
    fail("mmap");
  double solo = run(1, NULL, options.seconds / 4);
  solo = (double)atomic_load(&players[0].steps) / solo;
  atomic_store(&scene->stop, false);
  open_sockets();
  pid_t peer = options.cpued ? 0 : fork();
  if (peer == 0 && !options.cpued)
    play_peer();
  if (peer < 0)
    fail("fork");
  double passed = run(options.spinners, options.cpued ? pretend : answer, options.seconds);
  if (peer > 0 && waitpid(peer, NULL, 0) != peer)
    fail("waitpid");
  printf("%s %lu us, %lu spinners:", options.policy, options.interval_us, options.spinners);
  if (!options.cpued)
    print_trips(passed);
  print_shares(passed, solo);
  return options.cpued || atomic_load(&scene->trips) > 0 ? 0 : 1;
}
