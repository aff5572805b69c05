/* SPDX-License-Identifier: MIT
 *
 * prng.h: the lab's dice: a small generator whose whole state is one word (splitmix64: Steele, Lea and
 * Flood, OOPSLA 2014), so that every draw of a run follows from --seed. Each thread owns its own.
 */
#ifndef GILLOC_LAB_PRNG_H
#define GILLOC_LAB_PRNG_H

#include <stddef.h>
#include <stdint.h>

struct gilloc_prng {
  uint64_t state;
};

/* A bijection of 64 bits in which every input bit reaches every output bit. */
static inline uint64_t gilloc_prng_mix(uint64_t x)
{
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

static inline uint64_t gilloc_prng_next(struct gilloc_prng *prng)
{
  prng->state += UINT64_C(0x9e3779b97f4a7c15);
  return gilloc_prng_mix(prng->state);
}

/* Evenly in 0 .. limit - 1; limit below 2^32. */
static inline uint32_t gilloc_prng_below(struct gilloc_prng *prng, uint32_t limit)
{
  return (uint32_t)(((gilloc_prng_next(prng) >> 32) * limit) >> 32);
}

/* Fills `order` with 0 .. count - 1 in an order that is as likely as any other; count below 2^32. */
static inline void gilloc_prng_shuffle(struct gilloc_prng *prng, size_t *order, size_t count)
{
  for (size_t i = 0; i < count; i++)
    order[i] = i;
  for (size_t left = count; left > 1; left--) {
    size_t chosen = gilloc_prng_below(prng, (uint32_t)left);
    size_t last = order[left - 1];
    order[left - 1] = order[chosen];
    order[chosen] = last;
  }
}

/* A generator for stream number `stream` of a run's seed; streams do not overlap in practice. */
static inline struct gilloc_prng gilloc_prng_stream(uint64_t seed, uint64_t stream)
{
  return (struct gilloc_prng){gilloc_prng_mix(seed) ^ gilloc_prng_mix(~stream)};
}

#endif
