/* SPDX-License-Identifier: MIT
 *
 * workload_espresso.c: after espresso (R. Brayton and others, Berkeley), a minimiser of two-level logic and
 * one of B. Zorn's programs for comparing allocators; written anew. The complement of a cover of random cubes
 * is found by Shannon's expansion: each step makes the two cofactors by one variable, complements them and
 * joins the results. A cube is a block, a cover a block of pointers. At every point of the space, exactly one
 * of cover and complement must hold.
 */
#include "workloads.h"

#include <stddef.h>

enum { VARIABLES = 11, CUBES = 26, LITERALS = 5, COVERS = 2400 };

/* Bit 2v: the cube has points where variable v is 0; bit 2v + 1: where it is 1. */
static const uint32_t everywhere = (1U << 2 * VARIABLES) - 1;

struct cube {
  uint64_t stamp;
  uint32_t bits;
};

struct cover {
  uint64_t stamp;
  uint32_t count;
  struct cube *cubes[];
};

static struct cube *make_cube(struct gilloc_bench_ledger *ledger, uint32_t bits)
{
  struct cube *cube = gilloc_bench_take(ledger, sizeof *cube);
  cube->bits = bits;
  return cube;
}

static struct cover *make_cover(struct gilloc_bench_ledger *ledger, uint32_t room)
{
  struct cover *cover = malloc(sizeof *cover + room * sizeof cover->cubes[0]);
  gilloc_bench_stamp(ledger, cover, sizeof cover->stamp);
  cover->count = 0;
  return cover;
}

static void free_cover(struct gilloc_bench_ledger *ledger, struct cover *cover)
{
  for (uint32_t i = 0; i < cover->count; i++)
    gilloc_bench_give(ledger, cover->cubes[i], sizeof(uint64_t));
  gilloc_bench_give(ledger, cover, sizeof cover->stamp);
}

static uint32_t literal(uint32_t variable, uint32_t value)
{
  return everywhere & ~(1U << (2 * variable + !value));
}

/* The points of the cover where the variable has the value, with the variable freed. */
static struct cover *cofactor(struct gilloc_bench_ledger *ledger, const struct cover *cover,
                              uint32_t variable, uint32_t value)
{
  struct cover *result = make_cover(ledger, cover->count);
  for (uint32_t i = 0; i < cover->count; i++) {
    if (cover->cubes[i]->bits & 1U << (2 * variable + value))
      result->cubes[result->count++] = make_cube(ledger, cover->cubes[i]->bits | 3U << 2 * variable);
  }
  return result;
}

/* The variable that most cubes depend on, or VARIABLES where one cube is everywhere. */
static uint32_t choose(const struct cover *cover)
{
  uint32_t best = VARIABLES;
  uint32_t most = 0;
  for (uint32_t i = 0; i < cover->count; i++) {
    if (cover->cubes[i]->bits == everywhere)
      return VARIABLES;
  }
  for (uint32_t variable = 0; variable < VARIABLES; variable++) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < cover->count; i++)
      count += (cover->cubes[i]->bits >> 2 * variable & 3U) != 3U;
    if (count > most) {
      most = count;
      best = variable;
    }
  }
  return best;
}

/* Both joined, each restricted to its value of the variable. */
static struct cover *join(struct gilloc_bench_ledger *ledger, struct cover *const parts[2], uint32_t variable)
{
  struct cover *result = make_cover(ledger, parts[0]->count + parts[1]->count);
  for (uint32_t value = 0; value < 2; value++) {
    for (uint32_t i = 0; i < parts[value]->count; i++)
      result->cubes[result->count++] =
          make_cube(ledger, parts[value]->cubes[i]->bits & literal(variable, value));
    free_cover(ledger, parts[value]);
  }
  return result;
}

static struct cover *complement(struct gilloc_bench_ledger *ledger, const struct cover *cover)
{
  if (cover->count == 0) {
    struct cover *all = make_cover(ledger, 1);
    all->cubes[all->count++] = make_cube(ledger, everywhere);
    return all;
  }
  uint32_t variable = choose(cover);
  if (variable == VARIABLES)
    return make_cover(ledger, 0);
  struct cover *parts[2];
  for (uint32_t value = 0; value < 2; value++) {
    struct cover *restricted = cofactor(ledger, cover, variable, value);
    parts[value] = complement(ledger, restricted);
    free_cover(ledger, restricted);
  }
  return join(ledger, parts, variable);
}

static struct cover *any_cover(struct gilloc_bench_ledger *ledger, struct gilloc_prng *prng)
{
  struct cover *cover = make_cover(ledger, CUBES);
  for (uint32_t i = 0; i < CUBES; i++) {
    uint32_t bits = everywhere;
    for (uint32_t j = 0; j < LITERALS; j++) {
      uint32_t variable = gilloc_prng_below(prng, VARIABLES);
      if ((bits >> 2 * variable & 3U) == 3U)
        bits &= literal(variable, gilloc_prng_below(prng, 2));
    }
    cover->cubes[cover->count++] = make_cube(ledger, bits);
  }
  return cover;
}

static bool holds(const struct cover *cover, uint32_t point)
{
  uint32_t bits = 0;
  for (uint32_t variable = 0; variable < VARIABLES; variable++)
    bits |= 1U << (2 * variable + (point >> variable & 1U));
  for (uint32_t i = 0; i < cover->count; i++) {
    if ((bits & ~cover->cubes[i]->bits) == 0)
      return true;
  }
  return false;
}

void gilloc_bench_espresso(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  struct gilloc_prng prng = gilloc_prng_stream(task->seed, ~UINT64_C(0));
  struct gilloc_bench_ledger ledger = gilloc_bench_ledger_make(task, 0);
  for (uint64_t left = gilloc_bench_scaled(task, COVERS); left > 0; left--) {
    struct cover *cover = any_cover(&ledger, &prng);
    struct cover *rest = complement(&ledger, cover);
    /* A prime step reaches points of every kind and leaves the time to the expansion. */
    for (uint32_t point = 0; point < 1U << VARIABLES; point += 13)
      ledger.damaged += holds(cover, point) == holds(rest, point);
    free_cover(&ledger, rest);
    free_cover(&ledger, cover);
  }
  gilloc_bench_ledger_add(total, &ledger);
}
