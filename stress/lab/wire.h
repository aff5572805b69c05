/* SPDX-License-Identifier: MIT
 *
 * wire.h: a datagram between gilloc-load and the service: a header, then lines "key=value\n". The reply
 * holds the same pairs with the values in upper case, sorted by strcmp of the lines, and the same sequence
 * number and session. An empty datagram means nothing; the worker wakes a service with it.
 *
 *   digest == sum over the reply's lines of the digest of the line
 *
 * so that the load process knows a reply's digest from what it asked, whatever the order.
 */
#ifndef GILLOC_LAB_WIRE_H
#define GILLOC_LAB_WIRE_H

#include <stdint.h>

enum { GILLOC_WIRE_MAX = 1400 }; /* bytes of a datagram: what passes a common network unfragmented */

static const uint32_t GILLOC_WIRE_REQUEST = UINT32_C(0x67695251);
static const uint32_t GILLOC_WIRE_REPLY = UINT32_C(0x67695250);

struct gilloc_wire_header {
  uint32_t magic;
  uint32_t body_size;
  uint64_t sequence;
  uint64_t session;
  uint64_t digest; /* of the reply; 0 in a request */
};

#endif
