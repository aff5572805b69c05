/* SPDX-License-Identifier: MIT
 *
 * fidelity_cells.c: the table of experiments. docs/fidelity.md says where each comes from.
 */
#include "fidelity_cells.h"

#include <string.h>

static const struct gilloc_fidelity_title titles[GILLOC_FIDELITY_EXPERIMENTS] = {
    [GILLOC_FIDELITY_PINGPONG] = {"pingpong", "UDP ping-pong of 16 bytes beside spinners", "round trips/s"},
    [GILLOC_FIDELITY_THROUGHPUT] = {"throughput", "ccbench: throughput, 5 ms", "calls or iterations/s"},
    [GILLOC_FIDELITY_LATENCY] = {"latency", "ccbench: latency of a ping, 5 ms", "mean"},
    [GILLOC_FIDELITY_BANDWIDTH] = {"bandwidth", "ccbench: I/O bandwidth, 1,024 bytes, 5 ms", "packets/s"},
    [GILLOC_FIDELITY_COUNTDOWN] = {"countdown", "A countdown split over threads", "time"},
    [GILLOC_FIDELITY_CPUED] = {"cpued", "cpued: 2 spinners beside one that pretends to do I/O, 5 ms",
                               "fair shares"},
    [GILLOC_FIDELITY_FAIRNESS] = {"fairness", "Equal spinners: what the least of them gets, 5 ms",
                                  "fair shares"}};

static const struct gilloc_fidelity_cell cells[] = {
    {GILLOC_FIDELITY_PINGPONG, "5 ms, 0 spinners", "pingpong", "value", "pure", 5000, 0, 1, 16},
    {GILLOC_FIDELITY_PINGPONG, "5 ms, 1 spinner", "pingpong", "value", "pure", 5000, 1, 1, 16},
    {GILLOC_FIDELITY_PINGPONG, "5 ms, 2 spinners", "pingpong", "value", "pure", 5000, 2, 1, 16},
    {GILLOC_FIDELITY_PINGPONG, "1 ms, 0 spinners", "pingpong", "value", "pure", 1000, 0, 1, 16},
    {GILLOC_FIDELITY_PINGPONG, "1 ms, 1 spinner", "pingpong", "value", "pure", 1000, 1, 1, 16},
    {GILLOC_FIDELITY_PINGPONG, "1 ms, 2 spinners", "pingpong", "value", "pure", 1000, 2, 1, 16},
    {GILLOC_FIDELITY_PINGPONG, "0.1 ms, 0 spinners", "pingpong", "value", "pure", 100, 0, 1, 16},
    {GILLOC_FIDELITY_PINGPONG, "0.1 ms, 1 spinner", "pingpong", "value", "pure", 100, 1, 1, 16},
    {GILLOC_FIDELITY_PINGPONG, "0.1 ms, 2 spinners", "pingpong", "value", "pure", 100, 2, 1, 16},
    {GILLOC_FIDELITY_THROUGHPUT, "bytecode, 1 thread", "throughput", "value", "pure", 5000, 1, 0, 0},
    {GILLOC_FIDELITY_THROUGHPUT, "bytecode, 2 threads", "throughput", "value", "pure", 5000, 2, 0, 0},
    {GILLOC_FIDELITY_THROUGHPUT, "calls that hold it, 1 thread", "throughput", "value", "hold", 5000, 1, 0,
     0},
    {GILLOC_FIDELITY_THROUGHPUT, "calls that hold it, 2 threads", "throughput", "value", "hold", 5000, 2, 0,
     0},
    {GILLOC_FIDELITY_THROUGHPUT, "calls that release it, 1 thread", "throughput", "value", "release", 5000, 1,
     0, 0},
    {GILLOC_FIDELITY_THROUGHPUT, "calls that release it, 2 threads", "throughput", "value", "release", 5000,
     2, 0, 0},
    {GILLOC_FIDELITY_LATENCY, "alone", "latency", "value", "pure", 5000, 0, 2, 8},
    {GILLOC_FIDELITY_LATENCY, "beside 1 spinner", "latency", "value", "pure", 5000, 1, 2, 8},
    {GILLOC_FIDELITY_LATENCY, "beside 2 spinners", "latency", "value", "pure", 5000, 2, 2, 8},
    {GILLOC_FIDELITY_LATENCY, "beside 1 without checkpoints", "latency", "value", "hold", 5000, 1, 2, 8},
    {GILLOC_FIDELITY_LATENCY, "beside 2 that release it", "latency", "value", "release", 5000, 2, 2, 8},
    {GILLOC_FIDELITY_BANDWIDTH, "alone", "pingpong", "value", "pure", 5000, 0, 1, 1024},
    {GILLOC_FIDELITY_BANDWIDTH, "beside 1 spinner", "pingpong", "value", "pure", 5000, 1, 1, 1024},
    {GILLOC_FIDELITY_BANDWIDTH, "beside 2 spinners", "pingpong", "value", "pure", 5000, 2, 1, 1024},
    {GILLOC_FIDELITY_COUNTDOWN, "5 ms, 1 thread", "countdown", "value", "pure", 5000, 1, 0, 0},
    {GILLOC_FIDELITY_COUNTDOWN, "5 ms, 2 threads", "countdown", "value", "pure", 5000, 2, 0, 0},
    {GILLOC_FIDELITY_COUNTDOWN, "5 ms, 4 threads", "countdown", "value", "pure", 5000, 4, 0, 0},
    {GILLOC_FIDELITY_COUNTDOWN, "0.1 ms, 1 thread", "countdown", "value", "pure", 100, 1, 0, 0},
    {GILLOC_FIDELITY_COUNTDOWN, "0.1 ms, 2 threads", "countdown", "value", "pure", 100, 2, 0, 0},
    {GILLOC_FIDELITY_COUNTDOWN, "0.1 ms, 4 threads", "countdown", "value", "pure", 100, 4, 0, 0},
    {GILLOC_FIDELITY_COUNTDOWN, "0.01 ms, 1 thread", "countdown", "value", "pure", 10, 1, 0, 0},
    {GILLOC_FIDELITY_COUNTDOWN, "0.01 ms, 2 threads", "countdown", "value", "pure", 10, 2, 0, 0},
    {GILLOC_FIDELITY_COUNTDOWN, "0.01 ms, 4 threads", "countdown", "value", "pure", 10, 4, 0, 0},
    {GILLOC_FIDELITY_CPUED, "the lesser spinner", "cpued", "spinner_share", "pure", 5000, 2, 0, 0},
    {GILLOC_FIDELITY_CPUED, "the pretender", "cpued", "pretender_share", "pure", 5000, 2, 0, 0},
    {GILLOC_FIDELITY_FAIRNESS, "2 spinners", "fairness", "value", "pure", 5000, 2, 0, 0},
    {GILLOC_FIDELITY_FAIRNESS, "4 spinners", "fairness", "value", "pure", 5000, 4, 0, 0},
    {GILLOC_FIDELITY_FAIRNESS, "8 spinners", "fairness", "value", "pure", 5000, 8, 0, 0},
    {GILLOC_FIDELITY_FAIRNESS, "16 spinners", "fairness", "value", "pure", 5000, 16, 0, 0}};

size_t gilloc_fidelity_cell_count(void)
{
  return sizeof cells / sizeof *cells;
}

const struct gilloc_fidelity_cell *gilloc_fidelity_cell(size_t index)
{
  return &cells[index];
}

const struct gilloc_fidelity_title *gilloc_fidelity_title(enum gilloc_fidelity_experiment experiment)
{
  return &titles[experiment];
}

size_t gilloc_fidelity_cell_unloaded(size_t index)
{
  while (cells[index].threads > 0)
    index--;
  return index;
}
