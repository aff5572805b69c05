/* SPDX-License-Identifier: MIT
 *
 * bench_measure.h: carries a bench out: round after round, the rows in random order and within a row the
 * allocators in random order, so that the runs that are compared stand close together in time and none always
 * comes first.
 */
#ifndef GILLOC_BENCH_MEASURE_H
#define GILLOC_BENCH_MEASURE_H

#include "bench_options.h"
#include "bench_peers.h"
#include "bench_result.h"
#include "bench_suite.h"
#include "machine.h"

struct gilloc_bench_measurement {
  const struct gilloc_bench_options *options;
  struct gilloc_bench_suite *suite;
  const struct gilloc_bench_peers *peers;
  struct gilloc_machine machine;
  struct gilloc_bench_result *results; /* by row, allocator, round */
  double elapsed_s;
  unsigned rounds_done;
};

/* Which run it was: place[0] the row, place[1] the allocator, place[2] the round. */
static inline struct gilloc_bench_result *gilloc_bench_result_at(
    const struct gilloc_bench_measurement *measurement, const size_t place[3])
{
  size_t cell = place[0] * measurement->peers->count + place[1];
  return &measurement->results[cell * measurement->options->rounds + place[2]];
}

struct gilloc_bench_measurement gilloc_bench_measure(const struct gilloc_bench_options *options,
                                                     struct gilloc_bench_suite *suite,
                                                     const struct gilloc_bench_peers *peers);
void gilloc_bench_measure_fini(struct gilloc_bench_measurement *measurement);

#endif
