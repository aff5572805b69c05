/* SPDX-License-Identifier: MIT
 *
 * tcache_rest.c: the list of the records, and their numbers.
 */
#include "tcache_rest.h"

#include "depot.h"
#include "guard.h"
#include "metadata.h"
#include "size_class.h"

static struct {
  struct gilloc_guard guard;
  struct gilloc_guard_node fork_node;
  struct gilloc_metadata records;
  struct gilloc_tcache_rest *first;
  unsigned threads[GILLOC_DEPOT_SHARDS]; /* at home in each shard of the depot */
} caches = {
    .guard = {.rank = GILLOC_RANK_TCACHE_LIST},
    .records = {.record_bytes = sizeof(struct gilloc_tcache_rest), .alignment = 2 * GILLOC_CACHE_LINE}};

static _Atomic size_t growth_max = GILLOC_TCACHE_GROWTH_BYTES;

static _Atomic size_t spare_bytes;

size_t gilloc_tcache_spare_bytes(void)
{
  return atomic_load_explicit(&spare_bytes, memory_order_relaxed);
}

/* Of what a thread's magazines have grown by, the spares have half. */
static void tell(struct gilloc_tcache_rest *rest, size_t bytes)
{
  size_t before = atomic_exchange_explicit(&rest->told, bytes, memory_order_relaxed);
  atomic_fetch_add_explicit(&spare_bytes, bytes - before, memory_order_relaxed);
}

void gilloc_tcache_rest_awake(struct gilloc_tcache_rest *rest)
{
  atomic_store_explicit(&rest->was_used, true, memory_order_relaxed);
  tell(rest, rest->grown / 2);
}

static uint32_t clamp(size_t blocks, uint32_t least, uint32_t most)
{
  if (blocks < least)
    return least;
  return blocks > most ? most : (uint32_t)blocks;
}

static uint32_t capacity_at_start(unsigned size_class)
{
  return clamp(GILLOC_TCACHE_START_BYTES / gilloc_size_class_bytes(size_class), 1,
               GILLOC_TCACHE_START_BLOCKS);
}

/* Classes above the linear ones have a budget of their own, or whichever grew first would leave them none. */
static bool is_medium(unsigned size_class)
{
  return size_class >= GILLOC_LINEAR_CLASSES;
}

static uint32_t capacity_max(unsigned size_class)
{
  size_t bytes = GILLOC_TCACHE_MAGAZINE_BYTES * (is_medium(size_class) ? GILLOC_TCACHE_MEDIUM_TIMES : 1);
  return clamp(bytes / gilloc_size_class_bytes(size_class), GILLOC_TCACHE_MAGAZINE_BLOCKS,
               GILLOC_MAGAZINE_SLOTS);
}

void gilloc_tcache_rest_grow(struct gilloc_tcache_rest *rest, unsigned size_class, size_t blocks)
{
  uint32_t capacity = rest->capacities[size_class];
  uint32_t grown = clamp(blocks, capacity, capacity_max(size_class));
  size_t growth = 2 * (size_t)(grown - capacity) * gilloc_size_class_bytes(size_class);
  size_t *budget = &rest->budgets[is_medium(size_class)];
  if (growth == 0 || growth > *budget)
    return;
  *budget -= growth;
  rest->capacities[size_class] = grown;
  rest->grown += growth;
  rest->given += growth;
  tell(rest, rest->grown / 2);
}

void gilloc_tcache_rest_put(struct gilloc_tcache_rest *rest)
{
  struct gilloc_guard_node node;
  tell(rest, 0);
  gilloc_guard_enter(&caches.guard, &node);
  if (rest->prev)
    rest->prev->next = rest->next;
  else
    caches.first = rest->next;
  if (rest->next)
    rest->next->prev = rest->prev;
  caches.threads[rest->home]--;
  gilloc_metadata_put(&caches.records, rest);
  gilloc_guard_leave(&caches.guard, &node);
}

static void rest_init(struct gilloc_tcache_rest *rest)
{
  for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT; size_class++) {
    atomic_store_explicit(&rest->spares[size_class], NULL, memory_order_relaxed);
    rest->capacities[size_class] = capacity_at_start(size_class);
    rest->strangers[size_class] = 0;
  }
  rest->grown = rest->given = 0;
  rest->budgets[false] = atomic_load_explicit(&growth_max, memory_order_relaxed);
  rest->budgets[true] = GILLOC_TCACHE_MEDIUM_TIMES * rest->budgets[false];
  atomic_store_explicit(&rest->told, 0, memory_order_relaxed);
  atomic_store_explicit(&rest->was_used, true, memory_order_relaxed);
  atomic_store_explicit(&rest->shall_flush, false, memory_order_relaxed);
}

/* Where the fewest threads are at home: a new thread finds what one that has ended has left there. */
static uint16_t find_home(void) GILLOC_REQUIRES(caches.guard)
{
  unsigned home = 0;
  for (unsigned shard = 1; shard < GILLOC_DEPOT_SHARDS; shard++)
    if (caches.threads[shard] < caches.threads[home])
      home = shard;
  return (uint16_t)home;
}

struct gilloc_tcache_rest *gilloc_tcache_rest_take(void)
{
  struct gilloc_guard_node node;
  bool fresh;
  gilloc_guard_enter(&caches.guard, &node);
  struct gilloc_tcache_rest *rest = gilloc_metadata_take(&caches.records, &fresh);
  if (rest) {
    rest_init(rest);
    rest->home = find_home();
    caches.threads[rest->home]++;
    rest->prev = NULL;
    rest->next = caches.first;
    if (rest->next)
      rest->next->prev = rest;
    caches.first = rest;
  }
  gilloc_guard_leave(&caches.guard, &node);
  return rest;
}

struct gilloc_magazine *gilloc_tcache_rest_take_spare(struct gilloc_tcache_rest *rest, unsigned size_class)
{
  if (!atomic_load_explicit(&rest->spares[size_class], memory_order_relaxed))
    return NULL;
  /* pairs with the release in gilloc_tcache_rest_put_spare */
  return atomic_exchange_explicit(&rest->spares[size_class], NULL, memory_order_acquire);
}

void gilloc_tcache_rest_put_spare(struct gilloc_tcache_rest *rest, struct gilloc_magazine *magazine)
{
  /* pairs with the acquire in take_spare */
  atomic_store_explicit(&rest->spares[magazine->size_class], magazine, memory_order_release);
}

struct gilloc_magazine *gilloc_tcache_rest_collect(bool of_all)
{
  struct gilloc_magazine *list = NULL;
  struct gilloc_guard_node node;
  gilloc_guard_enter(&caches.guard, &node);
  for (struct gilloc_tcache_rest *rest = caches.first; rest; rest = rest->next) {
    bool was_used = atomic_exchange_explicit(&rest->was_used, false, memory_order_relaxed);
    if (of_all)
      atomic_store_explicit(&rest->shall_flush, true, memory_order_relaxed);
    if (of_all || !was_used)
      tell(rest, 0);
    for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT && (of_all || !was_used); size_class++) {
      struct gilloc_magazine *spare = gilloc_tcache_rest_take_spare(rest, size_class);
      if (spare) {
        spare->next = list;
        list = spare;
      }
    }
  }
  gilloc_guard_leave(&caches.guard, &node);
  return list;
}

void gilloc_tcache_set_growth(size_t bytes)
{
  atomic_store_explicit(&growth_max, bytes, memory_order_relaxed);
}

void gilloc_tcache_before_fork(void) GILLOC_NOT_ANALYSED
{
  gilloc_guard_enter(&caches.guard, &caches.fork_node);
}

void gilloc_tcache_after_fork(bool in_child) GILLOC_NOT_ANALYSED
{
  /* Threads that are not in the child may have told in part. */
  size_t told = 0;
  for (const struct gilloc_tcache_rest *rest = caches.first; in_child && rest; rest = rest->next)
    told += atomic_load_explicit(&rest->told, memory_order_relaxed);
  if (in_child)
    atomic_store_explicit(&spare_bytes, told, memory_order_relaxed);
  gilloc_guard_after_fork(&caches.guard, &caches.fork_node, in_child);
}
