/* SPDX-License-Identifier: MIT
 *
 * digest.h: the checksums by which a run is verified: FNV-1a (Fowler, Noll, Vo) over bytes and words. Not
 * secret, not collision-proof against an enemy; a lost, doubled or torn block changes them.
 */
#ifndef GILLOC_LAB_DIGEST_H
#define GILLOC_LAB_DIGEST_H

#include <stddef.h>
#include <stdint.h>

static const uint64_t GILLOC_DIGEST_START = UINT64_C(0xcbf29ce484222325);
static const uint64_t GILLOC_DIGEST_PRIME = UINT64_C(0x100000001b3);

static inline uint64_t gilloc_digest_bytes(const char *bytes, size_t count)
{
  uint64_t digest = GILLOC_DIGEST_START;
  for (size_t i = 0; i < count; i++)
    digest = (digest ^ (unsigned char)bytes[i]) * GILLOC_DIGEST_PRIME;
  return digest;
}

/* Folds one more value into a digest; the order of values matters. */
static inline uint64_t gilloc_digest_fold(uint64_t digest, uint64_t value)
{
  digest = (digest ^ value) * GILLOC_DIGEST_PRIME;
  return digest ^ (digest >> 32);
}

#endif
