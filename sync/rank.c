/* SPDX-License-Identifier: MIT
 *
 * rank.c: each thread's held ranks, strictly descending from the first entered to the last:
 * held[0] > held[1] > ... > held[count - 1]. So the law need only look at the last one. Guards may be left
 * in any order. Only the thread itself touches its list.
 */
#include "rank.h"

#include "panic.h"

#include <string.h>

/* fork holds every guard at once: nine a size class, and the few others. Release builds keep no list. */
enum { MAXIMUM_HELD = GILLOC_DEBUG ? 1024 : 1 };

struct held_ranks {
  unsigned count;
  uint16_t held[MAXIMUM_HELD];
};

static GILLOC_THREAD_LOCAL struct held_ranks ranks;

void gilloc_rank_push(uint32_t rank)
{
  if (rank == 0 || rank > UINT16_MAX)
    gilloc_panic("lock law: %u is not the rank of a guard", rank);
  if (ranks.count > 0 && ranks.held[ranks.count - 1] <= rank)
    gilloc_panic("lock law: entering the guard of rank %u while holding the one of rank %u", rank,
                 ranks.held[ranks.count - 1]);
  if (ranks.count == MAXIMUM_HELD)
    gilloc_panic("lock law: entering the guard of rank %u while holding %u others", rank, ranks.count);
  ranks.held[ranks.count++] = (uint16_t)rank;
}

void gilloc_rank_pop(uint32_t rank)
{
  unsigned at = ranks.count;
  while (at > 0 && ranks.held[at - 1] != rank)
    at--;
  if (at == 0)
    gilloc_panic("lock law: leaving the guard of rank %u, which this thread does not hold", rank);
  memmove(&ranks.held[at - 1], &ranks.held[at], (ranks.count - at) * sizeof ranks.held[0]);
  ranks.count--;
}

unsigned gilloc_rank_held(void)
{
  return ranks.count;
}
