/* SPDX-License-Identifier: MIT
 *
 * service.c: see service.h. The main thread's part keeps only numbers, so that it needs no memory.
 */
#include "service.h"

#include "request.h"
#include "session_table.h"
#include "wire.h"

#include <gilloc/gil.h>
#include <gilloc/gilloc.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 16, RECEIVE_BUFFER = 1 << 20 };

struct gilloc_service {
  int socket;
  struct gilloc_lane *lane;
  struct gilloc_session_table sessions;
  unsigned answered; /* replies made and not yet sent */
  struct mmsghdr requests[BATCH];
  struct mmsghdr replies[BATCH];
  struct iovec request_bytes[BATCH];
  struct iovec reply_bytes[BATCH]; /* the bases are ours to free */
  struct sockaddr_in peers[BATCH];
  char datagrams[BATCH][GILLOC_WIRE_MAX];
};

static bool open_socket(int *out, uint16_t *port)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  *out = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (*out < 0)
    return false;
  /* A burst must wait in the kernel while the thread waits for the GIL; the kernel caps what it gives. */
  int buffer = RECEIVE_BUFFER;
  setsockopt(*out, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (bind(*out, (struct sockaddr *)&address, size) != 0 ||
      getsockname(*out, (struct sockaddr *)&address, &size) != 0) {
    int error = errno;
    close(*out);
    errno = error;
    return false;
  }
  *port = ntohs(address.sin_port);
  return true;
}

bool gilloc_services_open(struct gilloc_services *services, unsigned count)
{
  services->count = 0;
  while (services->count < count) {
    if (!open_socket(&services->sockets[services->count], &services->ports[services->count])) {
      fprintf(stderr, "gilloc-worker: no UDP socket on 127.0.0.1: %s\n", strerror(errno));
      gilloc_services_close(services);
      return false;
    }
    services->count++;
  }
  return true;
}

void gilloc_services_close(struct gilloc_services *services)
{
  for (unsigned i = 0; i < services->count; i++)
    close(services->sockets[i]);
  services->count = 0;
}

void gilloc_services_wake(const struct gilloc_services *services)
{
  for (unsigned i = 0; i < services->count; i++) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(services->ports[i])};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* If it is lost because the buffer is full, the service has something to wake it already. */
    sendto(services->sockets[i], "", 0, MSG_DONTWAIT, (struct sockaddr *)&address, sizeof address);
  }
}

struct gilloc_service *gilloc_service_new(int socket, struct gilloc_lane *lane)
{
  struct gilloc_service *service = gilloc_need(gilloc_calloc(1, sizeof *service));
  service->socket = socket;
  service->lane = lane;
  gilloc_session_table_init(&service->sessions);
  for (unsigned i = 0; i < BATCH; i++) {
    service->request_bytes[i] = (struct iovec){service->datagrams[i], GILLOC_WIRE_MAX};
    service->requests[i].msg_hdr.msg_iov = &service->request_bytes[i];
    service->requests[i].msg_hdr.msg_name = &service->peers[i];
    service->replies[i].msg_hdr.msg_iov = &service->reply_bytes[i];
    service->requests[i].msg_hdr.msg_iovlen = service->replies[i].msg_hdr.msg_iovlen = 1;
  }
  return service;
}

static void forget_replies(struct gilloc_service *service)
{
  for (unsigned i = 0; i < service->answered; i++)
    gilloc_free(service->reply_bytes[i].iov_base);
  service->answered = 0;
}

void gilloc_service_free(struct gilloc_service *service)
{
  forget_replies(service);
  gilloc_session_table_fini(&service->sessions);
  gilloc_free(service);
}

/* Inside a blocking region: touches no gilloc memory but to read it. */
static void send_replies(struct gilloc_service *service)
{
  for (unsigned sent = 0; sent < service->answered;) {
    int count = sendmmsg(service->socket, &service->replies[sent], service->answered - sent, 0);
    if (count < 0 && errno == EINTR)
      continue;
    /* A reply that the kernel refuses is lost; the load process sees that. */
    sent += count < 1 ? 1 : (unsigned)count;
  }
}

/* Inside a blocking region. */
static unsigned receive_requests(struct gilloc_service *service, bool waits)
{
  for (unsigned i = 0; i < BATCH; i++)
    service->requests[i].msg_hdr.msg_namelen = sizeof service->peers[i];
  int count =
      recvmmsg(service->socket, service->requests, BATCH, waits ? MSG_WAITFORONE : MSG_DONTWAIT, NULL);
  return count < 0 ? 0 : (unsigned)count;
}

static void answer(struct gilloc_service *service, unsigned number)
{
  struct gilloc_request *request =
      gilloc_request_parse(service->datagrams[number], service->requests[number].msg_len);
  if (request == NULL)
    return;
  struct gilloc_reply reply = gilloc_request_answer(request);
  gilloc_session_remember(gilloc_session_table_use(&service->sessions, request->header.session), reply.bytes,
                          reply.size);
  gilloc_request_free(request);
  service->reply_bytes[service->answered] = (struct iovec){reply.bytes, reply.size};
  service->replies[service->answered].msg_hdr.msg_name = &service->peers[number];
  service->replies[service->answered].msg_hdr.msg_namelen = sizeof service->peers[number];
  service->answered++;
}

void gilloc_service_step(struct gilloc_service *service, bool waits)
{
  gilloc_blocking_enter();
  send_replies(service);
  unsigned count = receive_requests(service, waits);
  gilloc_blocking_leave();

  for (unsigned i = 0; i < service->answered; i++)
    gilloc_lane_count(service->lane);
  forget_replies(service);
  for (unsigned i = 0; i < count; i++) {
    answer(service, i);
    gilloc_checkpoint();
  }
}
