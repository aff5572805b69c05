/* SPDX-License-Identifier: MIT
 *
 * load_client.h: the worker's end of gilloc-load: starts the program that stands beside the worker's own,
 * tells it when to begin, takes its report. Used by the main thread alone, and started before there is any
 * other.
 */
#ifndef GILLOC_LAB_LOAD_CLIENT_H
#define GILLOC_LAB_LOAD_CLIENT_H

#include "plan.h"
#include "protocol.h"

#include <sys/types.h>

struct gilloc_load_client {
  pid_t process;
  int to;
  int from;
};

/* Returns when gilloc-load is ready to send to `count` services at `ports`. False, with one line on
 * stderr, if it cannot be had. */
bool gilloc_load_client_start(struct gilloc_load_client *client, const struct gilloc_plan *plan,
                              const uint16_t *ports, unsigned count);
/* Time 0 of its schedule is at start_ns. */
bool gilloc_load_client_begin(const struct gilloc_load_client *client, uint64_t start_ns);
/* Waits for the report and for the process to end. */
bool gilloc_load_client_finish(struct gilloc_load_client *client, struct gilloc_load_report *report);

#endif
