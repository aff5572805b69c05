/* SPDX-License-Identifier: MIT
 *
 * tcache.h: a thread's cache of free blocks, one bin a size class, in front of the centre. Only its thread
 * touches it, so its hits take no lock. It fills and drains in batches.
 *
 *   bins[code]: head -> block -> block     code = class + 1; bins[0] is always empty and closed
 *
 * Bounded: sum over bins of limit * block size <= GILLOC_TCACHE_BYTES_MAX, and 0 <= room. A thread
 * starts on a shared cache that is empty and closed, so "not set up yet" is an ordinary miss; it ends on
 * it again when its exit has flushed its own, and what it frees later goes straight to the centre.
 */
#ifndef GILLOC_TCACHE_H
#define GILLOC_TCACHE_H

#include "arena_map.h"
#include "block.h"

struct gilloc_bin {
  struct gilloc_block *head;
  size_t room; /* blocks that may still be pushed: limit - blocks in the bin */
};

_Static_assert(sizeof(struct gilloc_bin) == 16, "a code of the arena map, times 16, is a bin's offset");

struct gilloc_tcache {
  struct gilloc_bin bins[GILLOC_CLASS_COUNT + 1];
  struct gilloc_arena_map_window window;   /* where this thread last freed */
  uint32_t limits[GILLOC_CLASS_COUNT + 1]; /* of each bin, blocks; grow with demand while the budget lasts */
  size_t budget;                           /* bytes by which limits may still grow */
};

enum {
  GILLOC_TCACHE_BIN_BYTES = 1 << 18,    /* one bin's limit grows to this */
  GILLOC_TCACHE_GROWTH_BYTES = 1 << 21, /* all bins' limits together grow by this */
  GILLOC_TCACHE_START_BYTES = 1 << 12,  /* a bin's first limit, at least one block */
  GILLOC_TCACHE_START_BLOCKS = 64,      /* and at most so many */
  /* Upper bound of what one thread's cache holds: the growth, and every bin's start. */
  GILLOC_TCACHE_BYTES_MAX =
      GILLOC_TCACHE_GROWTH_BYTES + GILLOC_CLASS_COUNT * GILLOC_TCACHE_START_BYTES + 8 * GILLOC_BLOCK_MAX
};

extern GILLOC_HIDDEN GILLOC_THREAD_LOCAL struct gilloc_tcache *gilloc_tcache_self;

static GILLOC_ALWAYS_INLINE struct gilloc_bin *gilloc_tcache_bin(size_t code)
{
  return &gilloc_tcache_self->bins[code];
}

/* The block put last; NULL where there is none. */
static GILLOC_ALWAYS_INLINE struct gilloc_block *gilloc_tcache_pop(struct gilloc_bin *bin)
{
  struct gilloc_block *block = bin->head;
  if (GILLOC_UNLIKELY(!block))
    return NULL;
  bin->head = block->next;
  bin->room++;
  return block;
}

/* Only where there is room. */

static GILLOC_ALWAYS_INLINE void gilloc_tcache_push(struct gilloc_bin *bin, struct gilloc_block *block)
{
  block->next = bin->head;
  bin->head = block;
  /* Counts in memory: two instructions fewer than with the caller's reading of room kept in a register. */
  __asm__("" : "+m"(bin->room));
  bin->room--;
}

/* What a miss does: sets the thread's cache up if need be, fetches a batch from the centre and returns
 * one block of it; NULL without memory. The block's mark says nothing: the caller clears it. */
struct gilloc_block *gilloc_tcache_refill(unsigned size_class);

/* What a full bin does: sets the cache up or flushes part of the bin to the centre, and takes the block
 * (marked free) in; a thread at its end passes it on to the centre. */
void gilloc_tcache_put_slow(unsigned size_class, struct gilloc_block *block);

/* Before thread-locals have their first values: what the first value will be. */
void gilloc_tcache_start_closed(void);

/* Gives all that this thread caches back to the centre. */
void gilloc_tcache_flush(void);

/* Bytes in this thread's cache. */
size_t gilloc_tcache_bytes(void);

/* Around fork(2). The child cannot use what other threads had cached: those blocks stay lost to it, at
 * most GILLOC_TCACHE_BYTES_MAX a thread. */
void gilloc_tcache_before_fork(void);
void gilloc_tcache_after_fork(bool in_child);

#endif
