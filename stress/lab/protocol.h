/* SPDX-License-Identifier: MIT
 *
 * protocol.h: what the lab's programs have agreed on. `gilloc lab` starts gilloc-worker-<row> with the
 * options of plan.h and reads one JSON object from its standard output; a worker of a workload with a service
 * starts gilloc-load and talks to it over two pipes:
 *
 *   worker                        gilloc-load
 *     <- 1 byte ----------------    ready, its socket is open
 *     -- start: uint64_t ------->   CLOCK_MONOTONIC ns at which time 0 of the schedule stands
 *     <- gilloc_load_report ----    once every reply is in, or 2 s after the last request
 *
 * Both ends are built together and run on one machine, so the structs travel as they are.
 */
#ifndef GILLOC_LAB_PROTOCOL_H
#define GILLOC_LAB_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GILLOC_PROTOCOL_VERSION = 1 };

enum {
  GILLOC_EXIT_GOOD = 0,
  GILLOC_EXIT_WRONG = 1, /* ran, and something did not verify; or the machine failed us */
  GILLOC_EXIT_USAGE = 2  /* a wrong option or an unreadable input; nothing was run */
};

/* Limits of the options; the smallest is 1 for counts and rate, 0 for warmup, 0.01 for seconds. */
enum {
  GILLOC_LANES_MAX = 256,          /* --threads, --processes */
  GILLOC_SECONDS_MAX = 3600,       /* --seconds, --warmup */
  GILLOC_RATE_MAX = 1000000,       /* --rate */
  GILLOC_INTERVAL_MAX = 1000000000 /* --interval-us */
};

/* What holds where an option is not given. The mixed service is slower because each of its requests may
 * cost a whole switch interval. */
enum { GILLOC_RATE_IO = 4000, GILLOC_RATE_MIXED = 200 };
#define GILLOC_DEFAULT_INPUT "/usr/share/common-licenses"

/* Latency in nanoseconds from the intended start of a request to the arrival of its reply, of the
 * requests whose intended start lies in the measured window. */
struct gilloc_latency {
  uint64_t count; /* replies that came; those below describe them */
  uint64_t p50, p90, p99, p999, max, mean;
  uint64_t sent; /* requests that the schedule asked for */
  uint64_t lost; /* sent - count */
};

struct gilloc_load_report {
  struct gilloc_latency latency;
  uint64_t wrong; /* replies, at any time, that were not what the request asked for */
};

#endif
