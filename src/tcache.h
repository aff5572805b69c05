/* SPDX-License-Identifier: MIT
 *
 * tcache.h: a thread's cache of free blocks: two magazines a size class, in front of the depot and the
 * centre. Only its thread touches it, so its hits take no lock, follow no list and count nothing.
 *
 *   tops[code] -> loaded magazine     spare magazine     code = class + 1; tops[0]: always empty and full
 *
 * malloc pops the loaded one, free pushes; empty or full, it changes places with the spare; both empty or
 * both full, one goes to the depot for another. Bounded: sum of 2 * capacity * block size over the classes
 * <= GILLOC_TCACHE_BYTES_MAX. A thread's cache starts all zero, which serves no size and has no window, so
 * that "not set up yet" is an ordinary miss, and ends so; what it frees later goes straight to the centre.
 */
#ifndef GILLOC_TCACHE_H
#define GILLOC_TCACHE_H

#include "arena_map.h"
#include "magazine.h"
#include "tcache_rest.h"

struct gilloc_tcache {
  struct gilloc_block **tops[GILLOC_CLASS_COUNT + 1]; /* of the loaded magazines */
  size_t linear_end;                     /* sizes below it may be popped: GILLOC_LINEAR_MAX + 1, or 0 */
  struct gilloc_arena_map_window window; /* where this thread last freed */
  struct gilloc_block sentinel;          /* stands below the blocks of every loaded magazine */
  struct gilloc_tcache_rest *rest;
};

extern GILLOC_HIDDEN GILLOC_THREAD_LOCAL struct gilloc_tcache gilloc_tcache_self;

/* Whether blocks of this code carry a key: all but those of 8 bytes. */
static GILLOC_ALWAYS_INLINE bool gilloc_tcache_has_key(size_t code)
{
  return GILLOC_ALIGNMENT >= 16 || code > 1;
}

/* The block put last; NULL where there is none, or it is not as it was left (gilloc_tcache_refill tells). */
static GILLOC_ALWAYS_INLINE struct gilloc_block *gilloc_tcache_pop(size_t code)
{
  struct gilloc_block **top = gilloc_tcache_self.tops[code];
  struct gilloc_block *block = top[-1];
  GILLOC_KEEP_AS_RESULT(block);
  if (gilloc_tcache_has_key(code)) {
    if (GILLOC_UNLIKELY(!gilloc_block_unmark_cached(block)))
      return NULL;
  } else if (GILLOC_UNLIKELY(block == &gilloc_tcache_self.sentinel)) {
    return NULL;
  }
  /* Counted in memory: two instructions fewer than with what was loaded above. */
  __asm__ volatile("" ::: "memory");
  gilloc_tcache_self.tops[code]--;
  return block;
}

/* Puts a block of the code in; false where the magazine is full. */
static GILLOC_ALWAYS_INLINE bool gilloc_tcache_push(size_t code, struct gilloc_block *block)
{
  struct gilloc_block **top = gilloc_tcache_self.tops[code];
  if (GILLOC_UNLIKELY(gilloc_magazine_is_full(top)))
    return false;
  if (gilloc_tcache_has_key(code))
    gilloc_block_mark_cached(block);
  *top = block;
  __asm__ volatile("" ::: "memory");
  gilloc_tcache_self.tops[code]++;
  return true;
}

/* What a pop that failed does: sets the thread's cache up if need be, gets blocks and returns one, without a
 * key; NULL without memory. Panics where the pop failed because of the block. */
struct gilloc_block *gilloc_tcache_refill(unsigned size_class);

/* What a push that failed does: sets the cache up or makes room, and takes the block in; a thread at its end
 * passes it on to the centre. True where so much has left the cache that a tick of the purge is due. */
bool gilloc_tcache_put_slow(unsigned size_class, struct gilloc_block *block);

/* Calls `callback` at the end of each thread's cache, with no guard held; set by a constructor. */
void gilloc_tcache_on_exit(void (*callback)(void));

/* True where the block is in this thread's cache or near the top of the depot. Walks them: for a block that
 * looks like a free one. */
bool gilloc_tcache_has(unsigned size_class, const struct gilloc_block *block);

/* Gives all that this thread caches back to the centre; bytes that went. */
size_t gilloc_tcache_flush(void);

/* Gives other threads' spare magazines to the centre: those of threads that have had no miss since the last
 * call, or of all, who are then also asked to flush the rest at their next miss. Bytes that went. Loaded
 * magazines of a thread that does nothing are out of reach. */
size_t gilloc_tcache_trim(bool of_all);

/* At the process's end: panics where a block is in this thread's cache or the depot twice. */
void gilloc_tcache_check(void);

/* At the end of a library that can be unloaded: no thread's end comes here any more. */
void gilloc_tcache_close(void);

/* Bytes in this thread's cache. */
size_t gilloc_tcache_bytes(void);

#endif
