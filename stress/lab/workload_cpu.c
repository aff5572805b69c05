/* SPDX-License-Identifier: MIT
 *
 * workload_cpu.c: the workload `cpu`: a word index over real text, by every thread for itself, its counts
 * merged into one result at the end of each pass. The unit is a word. See indexer.h.
 */
#include "indexer.h"
#include "workload.h"

static void *cpu_open(const struct gilloc_setup *setup)
{
  return gilloc_indexer_open(setup);
}

static void cpu_run(void *state, struct gilloc_lane *lane)
{
  gilloc_indexer_run(state, lane, NULL);
}

static uint64_t cpu_checksum(const void *state)
{
  return gilloc_indexer_checksum(state);
}

static void cpu_close(void *state)
{
  gilloc_indexer_close(state);
}

const struct gilloc_workload gilloc_workload_cpu = {
    .name = "cpu",
    .unit = "words",
    .role = GILLOC_ROLE_CPU,
    .reads_text = true,
    .open = cpu_open,
    .run = cpu_run,
    .checksum = cpu_checksum,
    .close = cpu_close,
};
