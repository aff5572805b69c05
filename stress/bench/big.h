/* SPDX-License-Identifier: MIT
 *
 * big.h: natural numbers of any length, each a block of its own, as cfrac's arithmetic has them: every
 * operation makes a new number, and the caller gives up the old ones.
 */
#ifndef GILLOC_BENCH_BIG_H
#define GILLOC_BENCH_BIG_H

#include "task.h"

/* The number is the sum of digits[i] * 2^(32 i); the topmost digit is not 0; zero has no digits. */
struct gilloc_bench_big {
  uint64_t stamp;
  uint32_t length;
  uint32_t digits[];
};

struct gilloc_bench_big *gilloc_bench_big_make(struct gilloc_bench_ledger *ledger, uint64_t value);
struct gilloc_bench_big *gilloc_bench_big_sum(struct gilloc_bench_ledger *ledger,
                                              const struct gilloc_bench_big *a,
                                              const struct gilloc_bench_big *b);
/* a - b; b is not greater. */
struct gilloc_bench_big *gilloc_bench_big_difference(struct gilloc_bench_ledger *ledger,
                                                     const struct gilloc_bench_big *a,
                                                     const struct gilloc_bench_big *b);
struct gilloc_bench_big *gilloc_bench_big_product(struct gilloc_bench_ledger *ledger,
                                                  const struct gilloc_bench_big *a,
                                                  const struct gilloc_bench_big *b);
/* a / b rounded down, and the remainder; b is not 0. */
struct gilloc_bench_big *gilloc_bench_big_quotient(struct gilloc_bench_ledger *ledger,
                                                   const struct gilloc_bench_big *a,
                                                   const struct gilloc_bench_big *b,
                                                   struct gilloc_bench_big **remainder);
bool gilloc_bench_big_equal(const struct gilloc_bench_big *a, const struct gilloc_bench_big *b);
void gilloc_bench_big_free(struct gilloc_bench_ledger *ledger, struct gilloc_bench_big *number);

#endif
