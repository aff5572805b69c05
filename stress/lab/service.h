/* SPDX-License-Identifier: MIT
 *
 * service.h: a request/response server on a UDP socket of the loopback interface: one thread, a batch at
 * a time. Each step is
 *
 *   enter blocking region; send the last batch's replies; wait for requests; leave; answer them
 *
 * so that a batch costs one return from a blocking region, which under the GIL is where the thread waits
 * for its turn. The main thread opens, wakes and closes; the lane does the rest, in gilloc's memory. Only
 * the socket is shared.
 */
#ifndef GILLOC_LAB_SERVICE_H
#define GILLOC_LAB_SERVICE_H

#include "protocol.h"
#include "workload.h"

struct gilloc_service;

struct gilloc_services {
  unsigned count;
  uint16_t ports[GILLOC_LANES_MAX];
  int sockets[GILLOC_LANES_MAX];
};

/* False, with one line on stderr, if the sockets cannot be had. */
bool gilloc_services_open(struct gilloc_services *services, unsigned count);
void gilloc_services_close(struct gilloc_services *services);
/* Gets every service out of its wait, with an empty datagram. */
void gilloc_services_wake(const struct gilloc_services *services);

/* By a lane: the service on a socket, made and ended by the thread that runs it. */
struct gilloc_service *gilloc_service_new(int socket, struct gilloc_lane *lane);
void gilloc_service_free(struct gilloc_service *service);

/* Answers what has come; waits for something to come if `waits`. */
void gilloc_service_step(struct gilloc_service *service, bool waits);

#endif
