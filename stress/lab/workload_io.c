/* SPDX-License-Identifier: MIT
 *
 * workload_io.c: the workload `io`: service threads, each with a socket of its own, under the open-loop load
 * of gilloc-load. The unit is a request; what counts is its latency. See service.h.
 */
#include "load_schedule.h"
#include "service.h"
#include "workload.h"

#include <stdlib.h>

struct io {
  uint64_t checksum;
  struct gilloc_services services;
};

static void *io_open(const struct gilloc_setup *setup)
{
  struct io *io = calloc(1, sizeof *io);
  if (io != NULL && !gilloc_services_open(&io->services, setup->plan->lanes)) {
    free(io);
    return NULL;
  }
  if (io != NULL)
    io->checksum = gilloc_load_schedule_checksum(setup->plan->seed);
  return io;
}

static void io_run(void *state, struct gilloc_lane *lane)
{
  struct io *io = state;
  struct gilloc_service *service = gilloc_service_new(io->services.sockets[lane->index], lane);
  while (gilloc_lane_runs(lane))
    gilloc_service_step(service, true);
  gilloc_service_free(service);
}

static uint64_t io_checksum(const void *state)
{
  return ((const struct io *)state)->checksum;
}

static void io_close(void *state)
{
  struct io *io = state;
  gilloc_services_close(&io->services);
  free(io);
}

static const uint16_t *io_ports(const void *state, unsigned *count)
{
  const struct io *io = state;
  *count = io->services.count;
  return io->services.ports;
}

static void io_wake(void *state)
{
  gilloc_services_wake(&((struct io *)state)->services);
}

const struct gilloc_workload gilloc_workload_io = {
    .name = "io",
    .unit = "requests",
    .role = GILLOC_ROLE_SERVICE,
    .has_service = true,
    .open = io_open,
    .run = io_run,
    .checksum = io_checksum,
    .close = io_close,
    .ports = io_ports,
    .wake = io_wake,
};
