/* SPDX-License-Identifier: MIT
 *
 * workload_mixed.c: the workload `mixed`: one service thread beside the cpu threads. Under a GIL the service
 * gives it up for every system call and must wait for it afterwards, while a cpu thread keeps it as long
 * as it may: the convoy effect. On one thread (the flavour `none`) the cpu thread serves between two
 * stretches of text, as an event loop would.
 */
#include "indexer.h"
#include "service.h"
#include "workload.h"

#include <stdlib.h>

struct mixed {
  bool one_thread;
  struct gilloc_indexer *indexer;
  struct gilloc_services services;
};

static void mixed_close(void *state)
{
  struct mixed *mixed = state;
  gilloc_services_close(&mixed->services);
  if (mixed->indexer != NULL)
    gilloc_indexer_close(mixed->indexer);
  free(mixed);
}

static void *mixed_open(const struct gilloc_setup *setup)
{
  struct mixed *mixed = calloc(1, sizeof *mixed);
  if (mixed == NULL)
    return NULL;
  mixed->one_thread = setup->one_thread;
  mixed->indexer = gilloc_indexer_open(setup);
  if (mixed->indexer != NULL && gilloc_services_open(&mixed->services, 1))
    return mixed;
  mixed_close(mixed);
  return NULL;
}

static void serve_what_came(void *service)
{
  gilloc_service_step(service, false);
}

static void mixed_run(void *state, struct gilloc_lane *lane)
{
  struct mixed *mixed = state;
  if (lane->role == GILLOC_ROLE_CPU && !mixed->one_thread) {
    gilloc_indexer_run(mixed->indexer, lane, NULL);
    return;
  }
  struct gilloc_lane *counted = lane->role == GILLOC_ROLE_CPU ? lane + 1 : lane;
  struct gilloc_service *service = gilloc_service_new(mixed->services.sockets[0], counted);
  if (lane->role == GILLOC_ROLE_CPU) {
    gilloc_indexer_run(mixed->indexer, lane, &(struct gilloc_side_job){serve_what_came, service});
  } else {
    while (gilloc_lane_runs(lane))
      gilloc_service_step(service, true);
  }
  gilloc_service_free(service);
}

static uint64_t mixed_checksum(const void *state)
{
  return gilloc_indexer_checksum(((const struct mixed *)state)->indexer);
}

static const uint16_t *mixed_ports(const void *state, unsigned *count)
{
  const struct mixed *mixed = state;
  *count = mixed->services.count;
  return mixed->services.ports;
}

static void mixed_wake(void *state)
{
  gilloc_services_wake(&((struct mixed *)state)->services);
}

const struct gilloc_workload gilloc_workload_mixed = {
    .name = "mixed",
    .unit = "words",
    .role = GILLOC_ROLE_CPU,
    .reads_text = true,
    .has_service = true,
    .open = mixed_open,
    .run = mixed_run,
    .checksum = mixed_checksum,
    .close = mixed_close,
    .ports = mixed_ports,
    .wake = mixed_wake,
};
