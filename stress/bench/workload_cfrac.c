/* SPDX-License-Identifier: MIT
 *
 * workload_cfrac.c: after cfrac (D. Barrett), which factors numbers by continued fractions with an arithmetic
 * that takes a new block for each result; carried along by many benchmarks of allocators since B. Zorn's;
 * written anew. The continued fraction of the square root of a number N of 192 bits is expanded term by term;
 * each convergent A / B must fulfil A^2 = (-1)^(k+1) Q (mod N), where Q is the denominator that follows.
 */
#include "big.h"
#include "workloads.h"

enum { STEPS = 500000, CHECK_EACH = 16 };

/* Where the expansion stands: the complete quotient is (sqrt(N) + p) / q. */
struct expansion {
  struct gilloc_bench_ledger ledger;
  struct gilloc_bench_big *n, *root; /* root = floor(sqrt(n)) */
  struct gilloc_bench_big *p, *q;
  struct gilloc_bench_big *before, *now; /* the convergents' numerators mod n */
  bool is_odd;
};

/* Puts `value` in the place of an old number. */
static void set(struct expansion *e, struct gilloc_bench_big **place, struct gilloc_bench_big *value)
{
  gilloc_bench_big_free(&e->ledger, *place);
  *place = value;
}

static struct gilloc_bench_big *remainder_by_n(struct expansion *e, struct gilloc_bench_big *value)
{
  struct gilloc_bench_big *rest;
  gilloc_bench_big_free(&e->ledger, gilloc_bench_big_quotient(&e->ledger, value, e->n, &rest));
  gilloc_bench_big_free(&e->ledger, value);
  return rest;
}

/* N = root^2 + low with 0 < low < 2 root, so its root is known and it is no square. */
static void begin(struct expansion *e, struct gilloc_prng *prng)
{
  struct gilloc_bench_ledger *ledger = &e->ledger;
  struct gilloc_bench_big *high =
      gilloc_bench_big_make(ledger, gilloc_prng_next(prng) >> 32 | UINT64_C(1) << 31);
  struct gilloc_bench_big *unit = gilloc_bench_big_make(ledger, UINT64_C(1) << 63);
  struct gilloc_bench_big *low = gilloc_bench_big_make(ledger, gilloc_prng_next(prng) | 1);
  struct gilloc_bench_big *product = gilloc_bench_big_product(ledger, high, unit);
  e->root = gilloc_bench_big_sum(ledger, product, low);
  set(e, &product, gilloc_bench_big_product(ledger, e->root, e->root));
  e->n = gilloc_bench_big_sum(ledger, product, low);
  e->p = gilloc_bench_big_make(ledger, 0);
  e->q = gilloc_bench_big_make(ledger, 1);
  e->before = gilloc_bench_big_make(ledger, 0);
  e->now = gilloc_bench_big_make(ledger, 1);
  struct gilloc_bench_big *old[] = {high, unit, low, product};
  for (size_t i = 0; i < sizeof old / sizeof *old; i++)
    gilloc_bench_big_free(ledger, old[i]);
}

static void step(struct expansion *e)
{
  struct gilloc_bench_ledger *ledger = &e->ledger;
  struct gilloc_bench_big *rest;
  struct gilloc_bench_big *sum = gilloc_bench_big_sum(ledger, e->root, e->p);
  struct gilloc_bench_big *term = gilloc_bench_big_quotient(ledger, sum, e->q, &rest);
  gilloc_bench_big_free(ledger, rest);
  gilloc_bench_big_free(ledger, sum);
  /* The next numerator: term * now + before. */
  struct gilloc_bench_big *product = gilloc_bench_big_product(ledger, term, e->now);
  sum = gilloc_bench_big_sum(ledger, product, e->before);
  gilloc_bench_big_free(ledger, e->before);
  e->before = e->now;
  e->now = remainder_by_n(e, sum);
  /* p = term * q - p, q = (n - p^2) / q. */
  set(e, &product, gilloc_bench_big_product(ledger, term, e->q));
  set(e, &e->p, gilloc_bench_big_difference(ledger, product, e->p));
  set(e, &product, gilloc_bench_big_product(ledger, e->p, e->p));
  sum = gilloc_bench_big_difference(ledger, e->n, product);
  set(e, &e->q, gilloc_bench_big_quotient(ledger, sum, e->q, &rest));
  ledger->damaged += rest->length != 0;
  struct gilloc_bench_big *old[] = {rest, sum, product, term};
  for (size_t i = 0; i < sizeof old / sizeof *old; i++)
    gilloc_bench_big_free(ledger, old[i]);
  e->is_odd = !e->is_odd;
}

static void check(struct expansion *e)
{
  struct gilloc_bench_big *square = remainder_by_n(e, gilloc_bench_big_product(&e->ledger, e->now, e->now));
  if (e->is_odd) {
    struct gilloc_bench_big *negative = gilloc_bench_big_difference(&e->ledger, e->n, e->q);
    e->ledger.damaged += !gilloc_bench_big_equal(square, negative);
    gilloc_bench_big_free(&e->ledger, negative);
  } else {
    e->ledger.damaged += !gilloc_bench_big_equal(square, e->q);
  }
  gilloc_bench_big_free(&e->ledger, square);
}

void gilloc_bench_cfrac(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  struct gilloc_prng prng = gilloc_prng_stream(task->seed, ~UINT64_C(0));
  struct expansion e = {.ledger = gilloc_bench_ledger_make(task, 0)};
  begin(&e, &prng);
  uint64_t steps = gilloc_bench_scaled(task, STEPS);
  for (uint64_t i = 1; i <= steps; i++) {
    step(&e);
    if (i % CHECK_EACH == 0 || i < CHECK_EACH)
      check(&e);
  }
  struct gilloc_bench_big *old[] = {e.n, e.root, e.p, e.q, e.before, e.now};
  for (size_t i = 0; i < sizeof old / sizeof *old; i++)
    gilloc_bench_big_free(&e.ledger, old[i]);
  gilloc_bench_ledger_add(total, &e.ledger);
}
