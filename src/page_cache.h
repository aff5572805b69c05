/* SPDX-License-Identifier: MIT
 *
 * page_cache.h: a thread's cache of large blocks to 1 MiB, in front of the page heap, so that a block that
 * comes and goes costs neither a lock nor a tree. One stack a bin (page_bin.h). Its thread says when it works
 * on it, so another can empty it at any other moment: nothing is out of a trim's reach.
 *
 *   live --put--> cached --take--> live
 *                   |--trim, thread's end, no room--> page heap
 *
 * To the page heap a cached block is still live: it counts and is charged. A double free is found by
 * the state; of two frees at the very same moment perhaps not. Bounded: GILLOC_PAGE_CACHE_RUNS a
 * bin, and bytes a thread (4 MiB unless set). For `fine` alone.
 */
#ifndef GILLOC_PAGE_CACHE_H
#define GILLOC_PAGE_CACHE_H

#include "base.h"

enum {
  GILLOC_PAGE_CACHE_BINS = 48, /* of page_bin.h: to 1 MiB */
  GILLOC_PAGE_CACHE_RUNS = 8,
  GILLOC_PAGE_CACHE_BYTES = 4 << 20,
  GILLOC_PAGE_CACHE_SLACK = 1 << 18 /* bytes a thread by which gilloc_page_cache_bytes may be wrong */
};

/* A block for `size` > 0 bytes, as large as its bin, perhaps all dirty; NULL where the thread has none. */
void *gilloc_page_cache_take(size_t size);

enum gilloc_page_cache_outcome {
  GILLOC_PAGE_CACHE_REFUSED, /* is not a block, or finds no room: nothing has changed */
  GILLOC_PAGE_CACHE_DONE,
  GILLOC_PAGE_CACHE_DONE_TICK /* and it is time for a tick of the purge */
};

enum gilloc_page_cache_outcome gilloc_page_cache_put(void *p);

/* Gives the page heap what no thread has used since the last call, or all that all threads cache; bytes that
 * went. */
size_t gilloc_page_cache_trim(bool of_all);

/* Bytes in all caches, about. Takes no lock. */
size_t gilloc_page_cache_bytes(void);

/* Just so, at this moment. Walks all caches, under the page heap's guard. */
struct gilloc_page_cache_counts {
  size_t blocks;
  size_t bytes;
};

struct gilloc_page_cache_counts gilloc_page_cache_counts(void);

/* At the end of a library that can be unloaded: no thread's end comes here any more. */
void gilloc_page_cache_close(void);

/* In a fork's child, while the page heap's guard is still held: ends what other threads were doing. */
void gilloc_page_cache_after_fork(void);

/* How many bytes one thread may cache, at any time; 0: none. */
void gilloc_page_cache_set_max(size_t bytes);

#endif
