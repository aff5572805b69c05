/* SPDX-License-Identifier: MIT
 *
 * worker_json.h: what a worker prints: one JSON object, whose schema docs/lab.md gives.
 */
#ifndef GILLOC_LAB_WORKER_JSON_H
#define GILLOC_LAB_WORKER_JSON_H

#include "lanes.h"
#include "protocol.h"

struct gilloc_outcome {
  const char *row;
  const struct gilloc_lanes *lanes; /* of the whole run, windows filled */
  struct gilloc_window window;
  bool has_load;
  struct gilloc_load_report load;
  uint64_t checksum;
  bool verified;
};

/* False if standard output would not take it. */
bool gilloc_worker_json_print(const struct gilloc_outcome *outcome);

#endif
