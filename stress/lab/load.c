/* SPDX-License-Identifier: MIT
 *
 * load.c: the program gilloc-load, which a worker starts beside itself: sends requests to its services on a
 * schedule that does not wait for replies (an open loop), verifies every reply, and measures each from
 * the time at which its request was due, however late it was sent or answered. One thread; protocol.h
 * says how it talks to the worker. A reply that has not come 2 s after the window's end is lost, as is
 * one whose place among the flights a later request has taken.
 */
#include "clock.h"
#include "histogram.h"
#include "load_schedule.h"
#include "protocol.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FLIGHTS = 1 << 16, BURST = 64 };
static const uint64_t DRAIN_NS = UINT64_C(2000000000);

/* A request on its way. Times count from the start. */
struct flight {
  uint64_t sequence;
  uint64_t due_ns;
  uint64_t digest;
  bool pending;
};

struct load {
  int socket;
  unsigned services;
  struct sockaddr_in addresses[GILLOC_LANES_MAX];
  uint64_t start_ns;
  uint64_t window_ns; /* the measured window: from here ... */
  uint64_t end_ns;    /* ... to here, where the schedule ends */
  uint64_t next_ns;   /* when `next` is due */
  struct gilloc_load_request next;
  struct gilloc_load_schedule schedule;
  uint64_t outstanding; /* flights of the window without a reply */
  struct gilloc_load_report report;
  struct gilloc_histogram histogram;
  struct flight flights[FLIGHTS];
};

static bool in_window(const struct load *load, uint64_t due_ns)
{
  return due_ns >= load->window_ns && due_ns < load->end_ns;
}

static uint64_t now_of(const struct load *load)
{
  uint64_t now = gilloc_lab_clock_ns();
  return now < load->start_ns ? 0 : now - load->start_ns;
}

static void prepare_next(struct load *load)
{
  load->next_ns = load->schedule.due_ns;
  gilloc_load_schedule_next(&load->schedule, &load->next);
}

static void launch_next(struct load *load)
{
  struct flight *flight = &load->flights[load->next.sequence % FLIGHTS];
  if (flight->pending && in_window(load, flight->due_ns))
    load->outstanding--;
  *flight = (struct flight){load->next.sequence, load->next_ns, load->next.digest, true};
  if (in_window(load, load->next_ns)) {
    load->outstanding++;
    load->report.latency.sent++;
  }
  const struct sockaddr_in *address = &load->addresses[load->next.session % load->services];
  /* What the kernel refuses is lost, and counted so. */
  sendto(load->socket, load->next.bytes, load->next.size, 0, (const struct sockaddr *)address,
         sizeof *address);
}

static void send_due(struct load *load)
{
  for (unsigned burst = 0; burst < BURST && load->next_ns < load->end_ns && load->next_ns <= now_of(load);
       burst++) {
    launch_next(load);
    prepare_next(load);
  }
}

static void take_reply(struct load *load, const char *datagram, size_t size)
{
  struct gilloc_wire_header header;
  uint64_t now = now_of(load);
  if (size < sizeof header)
    return;
  memcpy(&header, datagram, sizeof header);
  struct flight *flight = &load->flights[header.sequence % FLIGHTS];
  if (header.magic != GILLOC_WIRE_REPLY || flight->sequence != header.sequence || !flight->pending)
    return;
  flight->pending = false;
  uint64_t digest = 0;
  bool formed = gilloc_load_reply_digest(datagram + sizeof header, size - sizeof header, &digest);
  if (!formed || digest != flight->digest || header.digest != flight->digest)
    load->report.wrong++;
  if (in_window(load, flight->due_ns)) {
    load->outstanding--;
    gilloc_histogram_record(&load->histogram, now - flight->due_ns);
  }
}

static void receive_all(struct load *load)
{
  char datagram[GILLOC_WIRE_MAX];
  for (unsigned burst = 0; burst < BURST; burst++) {
    ssize_t size = recv(load->socket, datagram, sizeof datagram, MSG_DONTWAIT);
    if (size < 0)
      return;
    take_reply(load, datagram, (size_t)size);
  }
}

/* Until a reply comes or the next request is due. */
static void wait_for_event(const struct load *load)
{
  uint64_t until = load->next_ns < load->end_ns ? load->next_ns : load->end_ns + DRAIN_NS;
  uint64_t now = now_of(load);
  if (now >= until)
    return;
  struct pollfd poll_socket = {.fd = load->socket, .events = POLLIN};
  struct timespec timeout = gilloc_lab_timespec(until - now);
  ppoll(&poll_socket, 1, &timeout, NULL);
}

static void run(struct load *load)
{
  prepare_next(load);
  for (;;) {
    send_due(load);
    receive_all(load);
    bool all_sent = load->next_ns >= load->end_ns;
    if ((all_sent && load->outstanding == 0) || now_of(load) > load->end_ns + DRAIN_NS)
      break;
    wait_for_event(load);
  }
  /* Too much for this generator: what it never sent is lost as well. */
  for (; load->next_ns < load->end_ns; prepare_next(load))
    load->report.latency.sent += in_window(load, load->next_ns);
}

static void fill_report(struct load *load)
{
  const struct gilloc_histogram *histogram = &load->histogram;
  struct gilloc_latency *latency = &load->report.latency;
  latency->count = histogram->count;
  latency->p50 = gilloc_histogram_percentile(histogram, 0.5);
  latency->p90 = gilloc_histogram_percentile(histogram, 0.9);
  latency->p99 = gilloc_histogram_percentile(histogram, 0.99);
  latency->p999 = gilloc_histogram_percentile(histogram, 0.999);
  latency->max = histogram->max;
  latency->mean = gilloc_histogram_mean(histogram);
  latency->lost = latency->sent - latency->count;
}

static bool take_ports(struct load *load, char *list)
{
  char *rest = NULL;
  for (char *item = strtok_r(list, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
    unsigned long port = strtoul(item, NULL, 10);
    if (port == 0 || port > UINT16_MAX || load->services == GILLOC_LANES_MAX)
      return false;
    struct sockaddr_in *address = &load->addresses[load->services++];
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  }
  return load->services > 0;
}

static bool take_options(struct load *load, int argc, char **argv)
{
  static const struct option options[] = {
      {"ports", required_argument, NULL, 'p'},  {"rate", required_argument, NULL, 'r'},
      {"seed", required_argument, NULL, 'x'},   {"window-ns", required_argument, NULL, 'w'},
      {"end-ns", required_argument, NULL, 'e'}, {NULL, 0, NULL, 0}};
  unsigned long long rate = 0;
  unsigned long long seed = 0;
  bool good = true;
  for (int letter; (letter = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    switch (letter) {
    case 'p':
      good = good && take_ports(load, optarg);
      break;
    case 'r':
      rate = strtoull(optarg, NULL, 10);
      break;
    case 'x':
      seed = strtoull(optarg, NULL, 10);
      break;
    case 'w':
      load->window_ns = strtoull(optarg, NULL, 10);
      break;
    case 'e':
      load->end_ns = strtoull(optarg, NULL, 10);
      break;
    default:
      good = false;
      break;
    }
  }
  if (!good || load->services == 0 || rate == 0 || rate > GILLOC_RATE_MAX || load->end_ns <= load->window_ns)
    return false;
  gilloc_load_schedule_init(&load->schedule, seed, (uint32_t)rate);
  return true;
}

static bool report_ready_and_wait(struct load *load)
{
  return write(STDOUT_FILENO, "r", 1) == 1 &&
         read(STDIN_FILENO, &load->start_ns, sizeof load->start_ns) == (ssize_t)sizeof load->start_ns;
}

int main(int argc, char **argv)
{
  static struct load load;
  if (!take_options(&load, argc, argv)) {
    fprintf(stderr,
            "gilloc-load: started by gilloc-worker with --ports, --rate, --seed, --window-ns, --end-ns\n");
    return GILLOC_EXIT_USAGE;
  }
  /* The kernel may not round our waits up: the schedule's precision is the measurement's. */
  prctl(PR_SET_TIMERSLACK, 1UL);
  load.socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int buffer = 1 << 22;
  setsockopt(load.socket, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (load.socket < 0 || !report_ready_and_wait(&load)) {
    perror("gilloc-load");
    return GILLOC_EXIT_WRONG;
  }
  run(&load);
  fill_report(&load);
  bool written = write(STDOUT_FILENO, &load.report, sizeof load.report) == (ssize_t)sizeof load.report;
  return written ? GILLOC_EXIT_GOOD : GILLOC_EXIT_WRONG;
}
