/* SPDX-License-Identifier: MIT
 *
 * tcache.c: life of a cache, refill and flush. Caches are records of metadata.h, reused by later threads;
 * the list of free records is all that is shared, under its own guard.
 */
#include "tcache.h"

#include "central.h"
#include "guard.h"
#include "metadata.h"
#include "size_class.h"

#include <pthread.h>
#include <stdatomic.h>

enum phase { PHASE_NEW, PHASE_LIVE, PHASE_GONE };

static const struct gilloc_tcache closed_cache = {.window = {.key = UINTPTR_MAX}};

GILLOC_THREAD_LOCAL struct gilloc_tcache *gilloc_tcache_self = (struct gilloc_tcache *)&closed_cache;
static GILLOC_THREAD_LOCAL enum phase thread_phase;

static struct {
  struct gilloc_guard guard;
  struct gilloc_guard_node fork_node;
  struct gilloc_metadata records;
} caches = {.guard = {.rank = GILLOC_RANK_TCACHE_LIST}, .records = {.record_bytes = sizeof(struct gilloc_tcache), .alignment = GILLOC_CACHE_LINE}};

static pthread_key_t exit_key;
static pthread_once_t exit_key_once = PTHREAD_ONCE_INIT;
static bool exit_key_made;

static uint32_t start_limit(size_t block_bytes)
{
  size_t blocks = GILLOC_TCACHE_START_BYTES / block_bytes;
  if (blocks > GILLOC_TCACHE_START_BLOCKS)
    blocks = GILLOC_TCACHE_START_BLOCKS;
  return blocks > 0 ? (uint32_t)blocks : 1;
}

static void cache_init(struct gilloc_tcache *cache)
{
  for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT; size_class++) {
    uint32_t limit = GILLOC_SLOW_PATHS ? 0 : start_limit(gilloc_size_class_bytes(size_class));
    cache->bins[size_class + 1] = (struct gilloc_bin){.room = limit, .limit = limit};
  }
  cache->bins[0] = (struct gilloc_bin){.room = 0};
  cache->window = closed_cache.window;
  cache->budget = GILLOC_SLOW_PATHS ? 0 : GILLOC_TCACHE_GROWTH_BYTES;
}

static uint32_t bin_blocks(const struct gilloc_bin *bin)
{
  return bin->limit - bin->room;
}

/* Lets the bin hold twice as much, as far as its own bound and the thread's budget go. */
static void bin_grow(struct gilloc_tcache *cache, struct gilloc_bin *bin, size_t block_bytes)
{
  size_t growth = (size_t)bin->limit * block_bytes;
  if (growth > cache->budget || (size_t)bin->limit * 2 * block_bytes > GILLOC_TCACHE_BIN_BYTES)
    return;
  cache->budget -= growth;
  bin->room += bin->limit;
  bin->limit *= 2;
}

/* Gives the bin's blocks behind the `keep` newest to the centre; it holds at least `keep`. */
static void bin_flush(struct gilloc_bin *bin, unsigned size_class, uint32_t keep)
{
  struct gilloc_block **cut = &bin->head;
  for (uint32_t kept = 0; kept < keep; kept++)
    cut = &(*cut)->next;
  struct gilloc_block *oldest = *cut;
  *cut = NULL;
  bin->room = bin->limit - keep;
  if (oldest)
    gilloc_central_put_batch(size_class, oldest);
}

static void cache_flush(struct gilloc_tcache *cache)
{
  for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT; size_class++)
    bin_flush(&cache->bins[size_class + 1], size_class, 0);
}

static void cache_put_record(struct gilloc_tcache *cache)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&caches.guard, &node);
  gilloc_metadata_put(&caches.records, cache);
  gilloc_guard_leave(&caches.guard, &node);
}

/* Runs at the thread's exit; what the thread frees after this goes to the centre. */
static void thread_exits(void *cache)
{
  gilloc_tcache_self = (struct gilloc_tcache *)&closed_cache;
  thread_phase = PHASE_GONE;
  cache_flush(cache);
  cache_put_record(cache);
}

static void make_exit_key(void)
{
  exit_key_made = pthread_key_create(&exit_key, thread_exits) == 0;
}

/* Gives the thread a cache of its own; it stays on the closed one where that cannot be. */
static void thread_starts(void)
{
  if (thread_phase != PHASE_NEW)
    return;
  struct gilloc_guard_node node;
  bool fresh;
  gilloc_guard_enter(&caches.guard, &node);
  struct gilloc_tcache *cache = gilloc_metadata_take(&caches.records, &fresh);
  gilloc_guard_leave(&caches.guard, &node);
  if (!cache)
    return;
  cache_init(cache);
  /* Live before pthread_setspecific, which may call calloc and come back here. */
  gilloc_tcache_self = cache;
  thread_phase = PHASE_LIVE;
  pthread_once(&exit_key_once, make_exit_key);
  if (!exit_key_made || pthread_setspecific(exit_key, cache) != 0)
    thread_exits(cache);
}

struct gilloc_block *gilloc_tcache_refill(unsigned size_class)
{
  thread_starts();
  struct gilloc_tcache *cache = gilloc_tcache_self;
  if (thread_phase != PHASE_LIVE || cache->bins[size_class + 1].limit == 0)
    return gilloc_central_take(size_class);
  struct gilloc_bin *bin = &cache->bins[size_class + 1];
  if (bin->head) /* filled by a call from within thread_starts */
    return gilloc_tcache_pop(bin);
  struct gilloc_block *list;
  unsigned taken = gilloc_central_take_batch(size_class, (bin->limit + 1) / 2, &list);
  if (taken == 0)
    return NULL;
  bin->head = list->next;
  bin->room = bin->limit - (taken - 1);
  bin_grow(cache, bin, gilloc_size_class_bytes(size_class));
  return list;
}

void gilloc_tcache_put_slow(unsigned size_class, struct gilloc_block *block)
{
  thread_starts();
  struct gilloc_tcache *cache = gilloc_tcache_self;
  if (thread_phase != PHASE_LIVE || cache->bins[size_class + 1].limit == 0) {
    gilloc_central_put(size_class, block);
    return;
  }
  struct gilloc_bin *bin = &cache->bins[size_class + 1];
  cache->window = gilloc_arena_map_window(block);
  if (bin->room == 0)
    bin_grow(cache, bin, gilloc_size_class_bytes(size_class));
  if (bin->room == 0)
    bin_flush(bin, size_class, bin->limit / 2);
  gilloc_tcache_push(bin, block);
}

void gilloc_tcache_flush(void)
{
  if (thread_phase == PHASE_LIVE)
    cache_flush(gilloc_tcache_self);
}

size_t gilloc_tcache_bytes(void)
{
  size_t bytes = 0;
  for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT; size_class++)
    bytes += bin_blocks(gilloc_tcache_bin(size_class + 1)) * gilloc_size_class_bytes(size_class);
  return bytes;
}

void gilloc_tcache_before_fork(void) GILLOC_NOT_ANALYSED
{
  gilloc_guard_enter(&caches.guard, &caches.fork_node);
}

void gilloc_tcache_after_fork(bool in_child) GILLOC_NOT_ANALYSED
{
  gilloc_guard_after_fork(&caches.guard, &caches.fork_node, in_child);
}
