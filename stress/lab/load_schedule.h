/* SPDX-License-Identifier: MIT
 *
 * load_schedule.h: which request is sent when, and what its reply must be: all of it follows from the seed
 * and the rate. The gaps between requests are exponential (as of many independent clients), so that the
 * schedule falls in step with no interval of the system under test.
 */
#ifndef GILLOC_LAB_LOAD_SCHEDULE_H
#define GILLOC_LAB_LOAD_SCHEDULE_H

#include "prng.h"
#include "wire.h"

#include <stdbool.h>
#include <stddef.h>

struct gilloc_load_schedule {
  uint64_t seed;
  uint64_t sequence; /* of the next request */
  uint64_t due_ns;   /* of the next request, from the start */
  double gap_ns;     /* mean */
  struct gilloc_prng gaps;
};

struct gilloc_load_request {
  size_t size;
  uint64_t sequence;
  uint64_t session;
  uint64_t digest; /* of the right reply */
  char bytes[GILLOC_WIRE_MAX];
};

void gilloc_load_schedule_init(struct gilloc_load_schedule *schedule, uint64_t seed, uint32_t rate);

/* Writes the next request and moves on to the one after it. */
void gilloc_load_schedule_next(struct gilloc_load_schedule *schedule, struct gilloc_load_request *request);

/* The digest that a reply's body really has; false if it is malformed or out of order. */
bool gilloc_load_reply_digest(const char *body, size_t size, uint64_t *digest);

/* Fold of the first requests' reply digests: the checksum of a service workload. */
uint64_t gilloc_load_schedule_checksum(uint64_t seed);

#endif
