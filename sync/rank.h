/* SPDX-License-Identifier: MIT
 *
 * rank.h: the lock law, checked in debug builds: a thread may enter a guard only while every guard that
 * it holds has a higher rank (stands later in docs/order.txt), and may wait for the GIL or for a grace
 * period only while it holds none. Each thread keeps the ranks it holds; nothing is shared.
 */
#ifndef GILLOC_RANK_H
#define GILLOC_RANK_H

#include "base.h"

/* Ranks, ground first. GILLOC_RANK_CENTRAL + c is size class c's; from GILLOC_RANK_DEPOT on stand the depot's
 * stocks, some a class. */
enum gilloc_rank {
  GILLOC_RANK_GROUND = 1,
  GILLOC_RANK_CENTRAL = 100,
  GILLOC_RANK_MAGAZINE = 300,
  GILLOC_RANK_DEPOT = 400,
  GILLOC_RANK_TCACHE_LIST = 1900,
  GILLOC_RANK_LARGE = 2000,
  GILLOC_RANK_PURGE = 2001
};

/* A rank where ranks are checked, else 0: what is all zero is memory that no program touches in vain. */
#define GILLOC_RANK_IF_CHECKED(rank) (GILLOC_DEBUG ? (rank) : 0)

/* Notes that this thread enters / leaves a guard of `rank`; panics on a breach of the law. The callers
 * call these in debug builds only. */
void gilloc_rank_push(uint32_t rank);
void gilloc_rank_pop(uint32_t rank);
/* How many guards this thread holds (always 0 in release builds). */
unsigned gilloc_rank_held(void);

#endif
