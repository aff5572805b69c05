/* SPDX-License-Identifier: MIT
 *
 * emulate_udp.c: the worker's I/O thread, which is its first: it says hello to the peer and answers it, or
 * notes when its datagrams arrive, until the peer says "stop". Every call drops and takes the GIL, whether it
 * blocks or not, as socket.recvfrom and socket.sendto do; around them the GIL is held for the time that the
 * interpreter would need.
 */
#include "emulate.h"

#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gilloc/gil.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint64_t sum; /* of the work, so that it is done */

static bool complain(const char *what)
{
  fprintf(stderr, "gilloc-fidelity-gil: %s: %s\n", what, strerror(errno));
  return false;
}

static ssize_t receive(int file, char *message, struct sockaddr_in *from)
{
  socklen_t length = sizeof *from;
  gilloc_blocking_enter();
  ssize_t size = recvfrom(file, message, GILLOC_PEER_MESSAGE_MAX, 0, (struct sockaddr *)from, &length);
  gilloc_blocking_leave();
  sum += gilloc_emulate_work(sum, gilloc_emulation.io_steps);
  return size;
}

static void send_back(int file, const char *message, size_t size, const struct sockaddr_in *to)
{
  gilloc_blocking_enter();
  (void)!sendto(file, message, size, 0, (const struct sockaddr *)to, sizeof *to);
  gilloc_blocking_leave();
  sum += gilloc_emulate_work(sum, gilloc_emulation.io_steps);
}

static int open_socket(struct sockaddr_in *own)
{
  socklen_t length = sizeof *own;
  *own = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int file = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (file >= 0 && bind(file, (struct sockaddr *)own, length) == 0 &&
      getsockname(file, (struct sockaddr *)own, &length) == 0)
    return file;
  complain("UDP socket");
  return -1;
}

/* What both experiments begin with: everybody in his place, and the peer told. -1 if that failed. */
static int begin(void)
{
  struct sockaddr_in own, peer = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)gilloc_emulation.port)};
  int file = open_socket(&own);
  if (file < 0)
    return -1;
  gilloc_emulate_spinners_begin(false);
  gilloc_emulate_pin(0);
  gilloc_emulate_spinners_go();
  send_back(file, GILLOC_PEER_HELLO, strlen(GILLOC_PEER_HELLO), &peer);
  return file;
}

static bool is_stop(const char *message, ssize_t size)
{
  return size == (ssize_t)strlen(GILLOC_PEER_STOP) && memcmp(message, GILLOC_PEER_STOP, (size_t)size) == 0;
}

bool gilloc_emulate_pingpong(void)
{
  char message[GILLOC_PEER_MESSAGE_MAX];
  struct sockaddr_in from;
  ssize_t size;
  int file = begin();
  if (file < 0)
    return false;
  while ((size = receive(file, message, &from)) >= 0 && !is_stop(message, size)) {
    send_back(file, message, (size_t)size, &from);
    gilloc_emulate_check_in();
  }
  if (size < 0)
    return complain("recvfrom");
  gilloc_emulate_spinners_end();
  close(file);
  printf("checksum %llu\n", (unsigned long long)(sum & 1));
  return true;
}

bool gilloc_emulate_latency(void)
{
  char message[GILLOC_PEER_MESSAGE_MAX];
  struct sockaddr_in from;
  double total = 0, squares = 0, most = 0, count = 0;
  ssize_t size;
  int file = begin();
  if (file < 0)
    return false;
  while ((size = receive(file, message, &from)) >= 0 && !is_stop(message, size)) {
    uint64_t sent_ns = 0;
    memcpy(&sent_ns, message, sizeof sent_ns);
    double us = (double)(gilloc_emulate_now_ns() - sent_ns) * 1e-3;
    total += us;
    squares += us * us;
    most = us > most ? us : most;
    count++;
    gilloc_emulate_check_in();
  }
  if (size < 0)
    return complain("recvfrom");
  gilloc_emulate_spinners_end();
  close(file);
  if (count == 0) {
    fprintf(stderr, "gilloc-fidelity-gil: no ping arrived\n");
    return false;
  }
  double mean = total / count;
  printf("value %.3f\nsd_us %.3f\nmax_us %.3f\npings %.0f\n", mean,
         sqrt(fmax(squares / count - mean * mean, 0)), most, count);
  return true;
}

/* One datagram to oneself and back off the socket: what the I/O thread's two calls cost without a peer. */
static double send_to_self(int file, const struct sockaddr_in *own, unsigned times)
{
  char message[GILLOC_PEER_MESSAGE_MAX] = {0};
  struct sockaddr_in from;
  uint64_t begin_ns = gilloc_emulate_now_ns();
  for (unsigned i = 0; i < times; i++) {
    send_back(file, message, 16, own);
    (void)receive(file, message, &from);
    gilloc_emulate_check_in();
  }
  return (double)(gilloc_emulate_now_ns() - begin_ns) / times;
}

static double measure_loop(uint64_t steps)
{
  enum { TIMES = 20000 };
  uint64_t state = 1, begin_ns = gilloc_emulate_now_ns();
  for (unsigned i = 0; i < TIMES; i++) {
    state = gilloc_emulate_work(state, steps);
    atomic_store_explicit(&gilloc_emulate_spinners[0].count, i, memory_order_relaxed);
    gilloc_emulate_check_in();
  }
  sum += state;
  return (double)(gilloc_emulate_now_ns() - begin_ns) / TIMES;
}

/* The least of many short trials: what the machine can do when nobody disturbs it. */
bool gilloc_emulate_calibrate(void)
{
  enum { TRIALS = 60, SELF_TIMES = 300, MANY_STEPS = 40 };
  struct sockaddr_in own;
  double few = 1e9, many = 1e9, udp = 1e9;
  int file = open_socket(&own);
  if (file < 0)
    return false;
  for (unsigned i = 0; i < TRIALS; i++) {
    few = fmin(few, measure_loop(MANY_STEPS / 4));
    many = fmin(many, measure_loop(MANY_STEPS));
    udp = fmin(udp, send_to_self(file, &own, SELF_TIMES));
  }
  close(file);
  double step = (many - few) / (MANY_STEPS - MANY_STEPS / 4.0);
  printf("step_ns %.6f\nloop_ns %.6f\nudp_ns %.3f\nchecksum %llu\n", step,
         fmax(few - step * MANY_STEPS / 4, 0), udp, (unsigned long long)(sum & 1));
  return true;
}
