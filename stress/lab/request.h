/* SPDX-License-Identifier: MIT
 *
 * request.h: one request as the service sees it: parsed into pairs, each with strings of its own, kept
 * sorted; and the reply that is built from them. All memory is gilloc's; one thread owns it.
 */
#ifndef GILLOC_LAB_REQUEST_H
#define GILLOC_LAB_REQUEST_H

#include "wire.h"

#include <stddef.h>

struct gilloc_pair {
  struct gilloc_pair *next; /* by strcmp of the lines */
  char *key;
  char *value; /* in upper case */
};

struct gilloc_request {
  struct gilloc_wire_header header;
  struct gilloc_pair *pairs;
};

struct gilloc_reply {
  char *bytes; /* a datagram: header and body */
  size_t size;
};

/* The request in a datagram of `size` bytes; NULL if it is none. */
struct gilloc_request *gilloc_request_parse(const char *datagram, size_t size);
void gilloc_request_free(struct gilloc_request *request);

/* The reply, for the caller to free its bytes. */
struct gilloc_reply gilloc_request_answer(const struct gilloc_request *request);

#endif
