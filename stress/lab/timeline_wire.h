/* SPDX-License-Identifier: MIT
 *
 * timeline_wire.h: the file in which a worker leaves its threads' timelines for the driver: a head, then for
 * each thread a thread head and its events, oldest first. Both ends are built together and run on one
 * machine, so the structs travel as they are.
 */
#ifndef GILLOC_LAB_TIMELINE_WIRE_H
#define GILLOC_LAB_TIMELINE_WIRE_H

#include <stdint.h>

static const uint64_t gilloc_timeline_wire_magic = 0x31656e696c656d69; /* "imeline1" */

struct gilloc_timeline_wire_head {
  uint64_t magic;
  uint64_t start_ns; /* of the measured window, CLOCK_MONOTONIC */
  uint64_t length_ns;
  uint64_t threads;
  char guard[64]; /* what the threads ran under, for people */
};

struct gilloc_timeline_wire_thread {
  char name[32];
  uint64_t dropped; /* events that the ring has lost, older than those here */
  uint64_t count;
};

struct gilloc_timeline_wire_event {
  uint64_t at_ns;
  uint64_t kind; /* enum gilloc_timeline_kind */
};

#endif
