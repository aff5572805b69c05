/* SPDX-License-Identifier: MIT
 *
 * gil_pingpong.c: what a GIL policy does to an I/O thread beside threads that compute. A peer process plays
 * strict UDP ping-pong on loopback with a thread under the GIL while k spinners hold the GIL whenever they
 * can; the peer and the I/O thread stand on the first processor, the spinners on the second. With --cpued the
 * I/O thread is replaced by one that computes for a millisecond and then sleeps for no time at all, again and
 * again, as if it did I/O. With --equal there is none, and the spinners stand on both processors by turns.
 *
 *   gil_pingpong [--policy NAME] [--interval-us N] [--spinners N] [--seconds S] [--cpued | --equal]
 *
 * One line: round trips a second and their times, each thread's share of the hold time, and what the spinners
 * did of what one does alone, in the time that the I/O thread left them. With --equal the longest wait
 * instead, and what of it were holds longer than the interval and what hand-overs, when nobody held the GIL.
 */
#include "lab/prng.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <gilloc/gil.h>
#include <gilloc/timeline.h>
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
  STEPS_PER_CHECKPOINT = 30,
  EVENTS_MAX = 1 << 14 /* that a spinner records, the newest */
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
  struct gilloc_timeline timeline;
  uint64_t ring[EVENTS_MAX];
};

struct span {
  uint64_t begin_ns, end_ns;
};

static struct options {
  const char *policy;
  unsigned long interval_us, spinners;
  double seconds;
  bool cpued, equal;
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
  pin(options.equal ? (int)((player - players) % 2) : 1);
  if (options.equal)
    gilloc_timeline_start(&player->timeline, player->ring, EVENTS_MAX);
  gilloc_thread_attach();
  while (!atomic_load_explicit(&scene->stop, memory_order_relaxed)) {
    for (unsigned i = 0; i < STEPS_PER_CHECKPOINT; i++)
      sum += gilloc_prng_next(&prng);
    steps += STEPS_PER_CHECKPOINT + (sum == 0);
    gilloc_checkpoint();
  }
  atomic_store(&player->steps, steps);
  gilloc_thread_detach();
  gilloc_timeline_stop();
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

/* The spans of one spinner from each event of the kind `from` to its end, an ACQUIRE or whatever drops. */
static size_t read_spans(const struct player *player, enum gilloc_timeline_kind from, struct span *spans)
{
  static struct gilloc_timeline_event events[EVENTS_MAX];
  struct gilloc_timeline_reading reading = gilloc_timeline_read(&player->timeline, events, EVENTS_MAX);
  size_t count = 0;
  bool open = false;
  for (size_t i = 0; i < reading.count; i++) {
    enum gilloc_timeline_kind kind = events[i].kind;
    bool drops = kind == GILLOC_TIMELINE_RELEASE || kind == GILLOC_TIMELINE_FORCED_DROP;
    if (kind == from) {
      open = true;
      spans[count].begin_ns = events[i].at_ns;
    } else if (open && (from == GILLOC_TIMELINE_ACQUIRE ? drops : kind == GILLOC_TIMELINE_ACQUIRE)) {
      open = false;
      spans[count++].end_ns = events[i].at_ns;
    }
  }
  return count;
}

static struct span find_longest_wait(void)
{
  static struct span waits[EVENTS_MAX];
  struct span longest = {0, 0};
  for (unsigned long i = 0; i < options.spinners; i++) {
    size_t count = read_spans(&players[i], GILLOC_TIMELINE_REQUEST, waits);
    for (size_t n = 0; n < count; n++)
      if (waits[n].end_ns - waits[n].begin_ns > longest.end_ns - longest.begin_ns)
        longest = waits[n];
  }
  return longest;
}

static void print_longest_wait(void)
{
  static struct span holds[EVENTS_MAX];
  struct span wait = find_longest_wait();
  uint64_t held = 0, late = 0, interval = options.interval_us * 1000;
  unsigned turns = 0;
  for (unsigned long i = 0; i < options.spinners; i++) {
    size_t count = read_spans(&players[i], GILLOC_TIMELINE_ACQUIRE, holds);
    for (size_t n = 0; n < count; n++) {
      uint64_t begin = holds[n].begin_ns > wait.begin_ns ? holds[n].begin_ns : wait.begin_ns;
      uint64_t end = holds[n].end_ns < wait.end_ns ? holds[n].end_ns : wait.end_ns;
      uint64_t length = holds[n].end_ns - holds[n].begin_ns;
      if (begin >= end)
        continue;
      turns++;
      held += end - begin;
      late += length > interval ? length - interval : 0;
    }
  }
  uint64_t all = wait.end_ns - wait.begin_ns;
  printf("; longest wait %.2f ms, %.2f intervals a thread: %u holds, %.2f ms longer than the interval, %.2f "
         "ms of "
         "hand-overs",
         (double)all * 1e-6, (double)all / (double)(interval * options.spinners), turns, (double)late * 1e-6,
         (double)(all - (held < all ? held : all)) * 1e-6);
}

/* `solo`: one spinner's steps a second when it is alone. */
static void print_shares(double passed, double solo)
{
  double guest = (double)players[SPINNERS_MAX].counters.held_ns * 1e-9 / passed, steps = 0;
  if (options.equal)
    printf(" held:");
  else
    printf(" held: %s %.1f %%", options.cpued ? "pretender" : "I/O", guest * 100);
  for (unsigned long i = 0; i < options.spinners; i++) {
    printf(", spinner %.1f %%", (double)players[i].counters.held_ns * 1e-7 / passed);
    steps += (double)atomic_load(&players[i].steps);
  }
  if (options.equal)
    print_longest_wait();
  else if (options.spinners > 0)
    printf("; spinners at %.1f %% of what was left", steps / passed / solo / (1 - guest) * 100);
  printf("\n");
}

_Noreturn static void refuse(const char *what)
{
  fprintf(stderr, "gil_pingpong: %s; options are --policy NAME (", what);
  for (unsigned n = 0; gilloc_gil_policy_name(n) != NULL; n++)
    fprintf(stderr, "%s%s", n > 0 ? ", " : "", gilloc_gil_policy_name(n));
  fprintf(stderr, "), --interval-us N, --spinners 0 to %d, --seconds 0.05 to 60, --cpued, --equal\n",
          SPINNERS_MAX);
  exit(2);
}

static void parse(int argc, char **argv)
{
  static const struct option known[] = {{"policy", required_argument, NULL, 'p'},
                                        {"interval-us", required_argument, NULL, 'i'},
                                        {"spinners", required_argument, NULL, 'n'},
                                        {"seconds", required_argument, NULL, 's'},
                                        {"cpued", no_argument, NULL, 'c'},
                                        {"equal", no_argument, NULL, 'e'},
                                        {NULL, 0, NULL, 0}};
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
    case 'e':
      options.equal = true;
      break;
    default:
      refuse("unknown option");
    }
    if (*end != '\0')
      refuse("not a number");
  }
  if (optind < argc || options.spinners > SPINNERS_MAX || !(options.seconds >= 0.05 && options.seconds <= 60))
    refuse("out of range");
  if (options.equal && (options.cpued || options.spinners < 2))
    refuse("--equal takes 2 spinners or more, and no --cpued");
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
  bool peerless = options.cpued || options.equal;
  pid_t peer = peerless ? 0 : fork();
  if (peer == 0 && !peerless)
    play_peer();
  if (peer < 0)
    fail("fork");
  void *(*guest)(void *) = options.equal ? NULL : options.cpued ? pretend : answer;
  double passed = run(options.spinners, guest, options.seconds);
  if (peer > 0 && waitpid(peer, NULL, 0) != peer)
    fail("waitpid");
  printf("%s %lu us, %lu spinners:", options.policy, options.interval_us, options.spinners);
  if (!peerless)
    print_trips(passed);
  print_shares(passed, solo);
  return peerless || atomic_load(&scene->trips) > 0 ? 0 : 1;
}
