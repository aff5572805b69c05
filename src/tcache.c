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
} caches = {.guard = {.rank = GILLOC_RANK_TCACHE_LIST},
            .records = {.record_bytes = sizeof(struct gilloc_tcache), .alignment = GILLOC_CACHE_LINE}};

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
  for (unsigned code = 0; code <= GILLOC_CLASS_COUNT; code++) {
    bool closed = code == 0 || GILLOC_SLOW_PATHS;
    cache->limits[code] = closed ? 0 : start_limit(gilloc_size_class_bytes(code - 1));
    cache->bins[code] = (struct gilloc_bin){.room = cache->limits[code]};
  }
  cache->window = closed_cache.window;
  cache->budget = GILLOC_SLOW_PATHS ? 0 : GILLOC_TCACHE_GROWTH_BYTES;
}

/* Lets the bin hold twice as much, as far as its own bound and the thread's budget go. */
static void bin_grow(struct gilloc_tcache *cache, unsigned size_class)
{
  uint32_t limit = cache->limits[size_class + 1];
  size_t growth = limit * gilloc_size_class_bytes(size_class);
  if (growth > cache->budget || 2 * growth > GILLOC_TCACHE_BIN_BYTES)
    return;
  cache->budget -= growth;
  cache->bins[size_class + 1].room += limit;
  cache->limits[size_class + 1] = 2 * limit;
}

/* Gives the bin's blocks behind the `keep` newest to the centre; it holds at least `keep`. */
static void bin_flush(struct gilloc_tcache *cache, unsigned size_class, uint32_t keep)
{
  struct gilloc_bin *bin = &cache->bins[size_class + 1];
  struct gilloc_block **cut = &bin->head;
  for (uint32_t kept = 0; kept < keep; kept++)
    cut = &(*cut)->next;
  struct gilloc_block *oldest = *cut;
  *cut = NULL;
  bin->room = cache->limits[size_class + 1] - keep;
  if (oldest)
    gilloc_central_put_batch(size_class, oldest);
}

static void cache_flush(struct gilloc_tcache *cache)
{
  for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT; size_class++)
    bin_flush(cache, size_class, 0);
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

/* The thread's bin of the class; NULL where the thread has none or it is closed. */
static struct gilloc_bin *own_bin(unsigned size_class)
{
  thread_starts();
  if (thread_phase != PHASE_LIVE || gilloc_tcache_self->limits[size_class + 1] == 0)
    return NULL;
  return gilloc_tcache_bin(size_class + 1);
}

struct gilloc_block *gilloc_tcache_refill(unsigned size_class)
{
  struct gilloc_bin *bin = own_bin(size_class);
  if (!bin)
    return gilloc_central_take(size_class);
  if (bin->head) /* filled by a call from within thread_starts */
    return gilloc_tcache_pop(bin);
  uint32_t limit = gilloc_tcache_self->limits[size_class + 1];
  struct gilloc_block *list;
  unsigned taken = gilloc_central_take_batch(size_class, (limit + 1) / 2, &list);
  if (taken == 0)
    return NULL;
  bin->head = list->next;
  bin->room = limit - (taken - 1);
  bin_grow(gilloc_tcache_self, size_class);
  return list;
}

void gilloc_tcache_put_slow(unsigned size_class, struct gilloc_block *block)
{
  struct gilloc_bin *bin = own_bin(size_class);
  if (!bin) {
    gilloc_central_put(size_class, block);
    return;
  }
  struct gilloc_tcache *cache = gilloc_tcache_self;
  cache->window = gilloc_arena_map_window(block);
  if (bin->room == 0)
    bin_grow(cache, size_class);
  if (bin->room == 0)
    bin_flush(cache, size_class, cache->limits[size_class + 1] / 2);
  gilloc_tcache_push(bin, block);
}

void gilloc_tcache_start_closed(void)
{
  if (!gilloc_tcache_self)
    gilloc_tcache_self = (struct gilloc_tcache *)&closed_cache;
}

void gilloc_tcache_flush(void)
{
  if (thread_phase == PHASE_LIVE)
    cache_flush(gilloc_tcache_self);
}

size_t gilloc_tcache_bytes(void)
{
  const struct gilloc_tcache *cache = gilloc_tcache_self;
  size_t bytes = 0;
  for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT; size_class++)
    bytes += (cache->limits[size_class + 1] - cache->bins[size_class + 1].room) *
             gilloc_size_class_bytes(size_class);
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
