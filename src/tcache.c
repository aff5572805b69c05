/* SPDX-License-Identifier: MIT
 *
 * tcache.c: life of a cache, and what its misses do. What only misses need is a record of metadata.h, reused
 * by later threads; the list of free records is all that is shared, under its own guard.
 */
#include "tcache.h"

#include "central.h"
#include "depot.h"
#include "guard.h"
#include "metadata.h"
#include "size_class.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum phase { PHASE_NEW, PHASE_LIVE, PHASE_GONE };

typedef struct gilloc_magazine *spare_magazine;

/* Spares change hands by exchange: who gets one out of its place owns it, its thread or one that trims. */
struct gilloc_tcache_rest {
  _Atomic(spare_magazine) spares[GILLOC_CLASS_COUNT]; /* NULL until a loaded one has been full */
  uint32_t capacities[GILLOC_CLASS_COUNT];            /* of magazines that this thread fills, blocks */
  size_t budget;                                      /* bytes by which capacities may still grow */
  atomic_bool was_used;                               /* a miss came since the last trim */
  atomic_bool shall_flush;                            /* asked for by another thread, done at the next miss */
  struct gilloc_tcache_rest *next;                    /* of all threads, under the caches' guard */
  struct gilloc_tcache_rest *prev;
};

GILLOC_THREAD_LOCAL struct gilloc_tcache gilloc_tcache_self;
static GILLOC_THREAD_LOCAL enum phase thread_phase;

static struct {
  struct gilloc_guard guard;
  struct gilloc_guard_node fork_node;
  struct gilloc_metadata records;
  struct gilloc_tcache_rest *first;
} caches = {.guard = {.rank = GILLOC_RANK_TCACHE_LIST},
            .records = {.record_bytes = sizeof(struct gilloc_tcache_rest), .alignment = GILLOC_CACHE_LINE}};

static _Atomic size_t growth_max = GILLOC_TCACHE_GROWTH_BYTES;
static pthread_key_t exit_key;
static pthread_once_t exit_key_once = PTHREAD_ONCE_INIT;
static bool exit_key_made;

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

static uint32_t capacity_max(unsigned size_class)
{
  return clamp(GILLOC_TCACHE_MAGAZINE_BYTES / gilloc_size_class_bytes(size_class), 4, GILLOC_MAGAZINE_SLOTS);
}

/* ---- magazines of this thread ---- */

static struct gilloc_magazine *loaded(unsigned size_class)
{
  struct gilloc_block **top = gilloc_tcache_self.tops[size_class + 1];
  struct gilloc_magazine *magazine = gilloc_magazine_of(top);
  magazine->top = top;
  return magazine;
}

/* Takes the thread's spare of the class out of its place: NULL where there is none. */
static struct gilloc_magazine *take_spare(struct gilloc_tcache_rest *rest, unsigned size_class)
{
  if (!atomic_load_explicit(&rest->spares[size_class], memory_order_relaxed))
    return NULL;
  /* pairs with the release in put_spare */
  return atomic_exchange_explicit(&rest->spares[size_class], NULL, memory_order_acquire);
}

/* Its place is empty: only its thread fills it. */
static void put_spare(struct gilloc_tcache_rest *rest, struct gilloc_magazine *magazine)
{
  /* pairs with the acquire in take_spare */
  atomic_store_explicit(&rest->spares[magazine->size_class], magazine, memory_order_release);
}

static void load(unsigned code, struct gilloc_magazine *magazine)
{
  gilloc_magazine_bottom(magazine)[-1] = &gilloc_tcache_self.sentinel;
  gilloc_tcache_self.tops[code] = magazine->top;
}

/* Lets the class's magazines hold so many blocks, as far as their own bound and the thread's budget go. */
static void grow(unsigned size_class, size_t blocks)
{
  struct gilloc_tcache_rest *rest = gilloc_tcache_self.rest;
  uint32_t capacity = rest->capacities[size_class];
  uint32_t grown = clamp(blocks, capacity, capacity_max(size_class));
  size_t growth = 2 * (size_t)(grown - capacity) * gilloc_size_class_bytes(size_class);
  if (growth > rest->budget)
    return;
  rest->budget -= growth;
  rest->capacities[size_class] = grown;
}

/* ---- a thread's beginning and end ---- */

static void put_rest(struct gilloc_tcache_rest *rest)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&caches.guard, &node);
  if (rest->prev)
    rest->prev->next = rest->next;
  else
    caches.first = rest->next;
  if (rest->next)
    rest->next->prev = rest->prev;
  gilloc_metadata_put(&caches.records, rest);
  gilloc_guard_leave(&caches.guard, &node);
}

static void rest_init(struct gilloc_tcache_rest *rest)
{
  for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT; size_class++) {
    atomic_store_explicit(&rest->spares[size_class], NULL, memory_order_relaxed);
    rest->capacities[size_class] = capacity_at_start(size_class);
  }
  rest->budget = atomic_load_explicit(&growth_max, memory_order_relaxed);
  atomic_store_explicit(&rest->was_used, true, memory_order_relaxed);
  atomic_store_explicit(&rest->shall_flush, false, memory_order_relaxed);
}

/* A record, entered in the list of all threads'; NULL without memory. */
static struct gilloc_tcache_rest *take_rest(void)
{
  struct gilloc_guard_node node;
  bool fresh;
  gilloc_guard_enter(&caches.guard, &node);
  struct gilloc_tcache_rest *rest = gilloc_metadata_take(&caches.records, &fresh);
  if (rest) {
    rest_init(rest);
    rest->prev = NULL;
    rest->next = caches.first;
    if (rest->next)
      rest->next->prev = rest;
    caches.first = rest;
  }
  gilloc_guard_leave(&caches.guard, &node);
  return rest;
}

/* A magazine without a thread: to the depot where it is worth its place, else its blocks to the centre. */
static void abandon(struct gilloc_magazine *magazine)
{
  if (!magazine)
    return;
  size_t count = gilloc_magazine_count(magazine);
  size_t bytes = count * gilloc_size_class_bytes(magazine->size_class);
  if (2 * count > magazine->capacity && bytes >= GILLOC_MAGAZINE_BYTES)
    magazine = gilloc_depot_put(magazine->size_class, magazine);
  else
    gilloc_depot_drain(magazine);
  if (magazine)
    gilloc_depot_free_magazine(magazine);
}

/* Runs at the thread's exit; what the thread frees after this goes to the centre. */
static void thread_exits(void *unused)
{
  struct gilloc_tcache *self = &gilloc_tcache_self;
  struct gilloc_tcache_rest *rest = self->rest;
  (void)unused;
  thread_phase = PHASE_GONE;
  self->linear_end = 0;
  self->window.slots = 0;
  for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT; size_class++) {
    if (self->tops[size_class + 1] != self->tops[0]) {
      abandon(loaded(size_class));
      abandon(take_spare(rest, size_class));
    }
    self->tops[size_class + 1] = NULL;
  }
  gilloc_depot_free_magazine(gilloc_magazine_of(self->tops[0]));
  self->tops[0] = NULL;
  self->rest = NULL;
  put_rest(rest);
}

static void make_exit_key(void)
{
  exit_key_made = pthread_key_create(&exit_key, thread_exits) == 0;
}

/* Points every code at the magazine that is always empty and always full. */
static void close_all(struct gilloc_magazine *closed)
{
  gilloc_magazine_init(closed, GILLOC_CLASS_COUNT, 0);
  for (unsigned code = 0; code <= GILLOC_CLASS_COUNT; code++)
    load(code, closed);
}

/* Gives the thread a cache of its own; it stays without one where that cannot be. */
static void thread_starts(void)
{
  struct gilloc_tcache *self = &gilloc_tcache_self;
  struct gilloc_tcache_rest *rest = take_rest();
  if (!rest)
    return;
  struct gilloc_magazine *closed = gilloc_depot_new_magazine();
  if (!closed) {
    put_rest(rest);
    return;
  }
  self->rest = rest;
  close_all(closed);
  self->linear_end = GILLOC_LINEAR_MAX + 1;
  /* Live before pthread_setspecific, which may call calloc and come back here. */
  thread_phase = PHASE_LIVE;
  pthread_once(&exit_key_once, make_exit_key);
  if (!exit_key_made || pthread_setspecific(exit_key, self) != 0)
    thread_exits(self);
}

/* True where the thread has a cache whose magazine of the class can be used. */
static bool has_magazine(unsigned size_class)
{
  struct gilloc_tcache *self = &gilloc_tcache_self;
  if (GILLOC_SLOW_PATHS)
    return false;
  if (GILLOC_UNLIKELY(thread_phase == PHASE_NEW))
    thread_starts();
  if (thread_phase != PHASE_LIVE)
    return false;
  if (GILLOC_LIKELY(self->tops[size_class + 1] != self->tops[0]))
    return true;
  struct gilloc_magazine *magazine = gilloc_depot_new_magazine();
  if (!magazine)
    return false;
  gilloc_magazine_init(magazine, size_class, self->rest->capacities[size_class]);
  load(size_class + 1, magazine);
  return true;
}

/* ---- flushing ---- */

static bool uses(unsigned size_class)
{
  return thread_phase == PHASE_LIVE && gilloc_tcache_self.tops[size_class + 1] != gilloc_tcache_self.tops[0];
}

static size_t drain(struct gilloc_magazine *magazine)
{
  size_t bytes = gilloc_magazine_count(magazine) * gilloc_size_class_bytes(magazine->size_class);
  gilloc_depot_drain(magazine);
  return bytes;
}

static size_t drain_class(unsigned size_class)
{
  struct gilloc_magazine *magazine = loaded(size_class);
  size_t bytes = drain(magazine);
  load(size_class + 1, magazine);
  struct gilloc_magazine *spare = take_spare(gilloc_tcache_self.rest, size_class);
  if (spare) {
    bytes += drain(spare);
    put_spare(gilloc_tcache_self.rest, spare);
  }
  return bytes;
}

size_t gilloc_tcache_flush(void)
{
  size_t bytes = 0;
  for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT; size_class++)
    bytes += uses(size_class) ? drain_class(size_class) : 0;
  return bytes;
}

/* ---- misses ---- */

/* What every miss does first: says that the thread lives, and does what it was asked for. */
static void note_miss(struct gilloc_tcache_rest *rest)
{
  atomic_store_explicit(&rest->was_used, true, memory_order_relaxed);
  if (GILLOC_UNLIKELY(atomic_load_explicit(&rest->shall_flush, memory_order_relaxed))) {
    atomic_store_explicit(&rest->shall_flush, false, memory_order_relaxed);
    gilloc_tcache_flush();
  }
}

/* Blocks from the centre into an empty magazine; false without memory. */
static bool fill(struct gilloc_magazine *magazine)
{
  unsigned size_class = magazine->size_class;
  gilloc_magazine_init(magazine, size_class, gilloc_tcache_self.rest->capacities[size_class]);
  struct gilloc_block **bottom = gilloc_magazine_bottom(magazine);
  unsigned want = (magazine->capacity + 1) / 2;
  unsigned taken = gilloc_central_take_blocks(size_class, want, bottom + want);
  if (taken < want)
    memmove(bottom, bottom + want - taken, taken * sizeof(*bottom));
  magazine->top = bottom + taken;
  return taken > 0;
}

/* Makes the loaded magazine, which is empty, one with blocks; false without memory. */
static bool restock(unsigned size_class)
{
  struct gilloc_tcache_rest *rest = gilloc_tcache_self.rest;
  struct gilloc_magazine *empty = loaded(size_class);
  struct gilloc_magazine *spare = take_spare(rest, size_class);
  if (spare && gilloc_magazine_count(spare) > 0) {
    load(size_class + 1, spare);
    put_spare(rest, empty);
    return true;
  }
  if (spare)
    put_spare(rest, spare);
  struct gilloc_magazine *stocked = gilloc_depot_take(size_class, empty);
  if (stocked) { /* of another thread's size */
    grow(size_class, stocked->capacity);
    gilloc_depot_narrow(stocked, rest->capacities[size_class]);
    load(size_class + 1, stocked);
    return true;
  }
  bool filled = fill(empty);
  load(size_class + 1, empty);
  grow(size_class, 2 * (size_t)rest->capacities[size_class]);
  return filled;
}

/* A pop failed: not because there was no block, but because of the block. */
static void check_top(unsigned size_class)
{
  const struct gilloc_block *block = gilloc_tcache_self.tops[size_class + 1][-1];
  if (GILLOC_UNLIKELY(block != &gilloc_tcache_self.sentinel))
    gilloc_panic("double free of %p, or a write to it after it was freed", (const void *)block);
}

struct gilloc_block *gilloc_tcache_refill(unsigned size_class)
{
  if (!has_magazine(size_class))
    return gilloc_central_take(size_class);
  note_miss(gilloc_tcache_self.rest);
  /* A request for no bytes comes here without a pop; and where the thread has just started, a call from
   * within may have filled the magazine. */
  struct gilloc_block *block = gilloc_tcache_pop(size_class + 1);
  if (block)
    return block;
  check_top(size_class);
  return restock(size_class) ? gilloc_tcache_pop(size_class + 1) : NULL;
}

/* A magazine with room, for one that is full and goes to the depot; NULL without memory for one more. */
static struct gilloc_magazine *exchange_full(unsigned size_class, struct gilloc_magazine *full)
{
  struct gilloc_magazine *empty = gilloc_depot_put(size_class, full);
  if (!empty)
    empty = gilloc_depot_new_magazine();
  if (empty)
    gilloc_magazine_init(empty, size_class, gilloc_tcache_self.rest->capacities[size_class]);
  return empty;
}

/* Makes room in the loaded magazine, which is full; false where there is no memory for another. */
static bool make_room(unsigned size_class)
{
  struct gilloc_tcache_rest *rest = gilloc_tcache_self.rest;
  struct gilloc_magazine *full = loaded(size_class);
  grow(size_class, 2 * (size_t)rest->capacities[size_class]);
  if (gilloc_magazine_widen(full, rest->capacities[size_class])) {
    load(size_class + 1, full);
    return true;
  }
  struct gilloc_magazine *next = take_spare(rest, size_class);
  if (next && gilloc_magazine_count(next) == next->capacity)
    next = exchange_full(size_class, next);
  else if (!next && (next = gilloc_depot_new_magazine()) != NULL)
    gilloc_magazine_init(next, size_class, rest->capacities[size_class]);
  if (!next)
    return false;
  load(size_class + 1, next);
  put_spare(rest, full);
  return true;
}

void gilloc_tcache_put_slow(unsigned size_class, struct gilloc_block *block)
{
  if (has_magazine(size_class)) {
    note_miss(gilloc_tcache_self.rest);
    gilloc_tcache_self.window = gilloc_arena_map_window(block);
    if (gilloc_tcache_push(size_class + 1, block))
      return;
    if (make_room(size_class) && gilloc_tcache_push(size_class + 1, block))
      return;
  }
  if (gilloc_tcache_has_key(size_class + 1))
    gilloc_block_mark_free(block);
  gilloc_central_put(size_class, block);
}

/* ---- the whole cache ---- */

size_t gilloc_tcache_bytes(void)
{
  size_t bytes = 0;
  for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT; size_class++) {
    if (!uses(size_class))
      continue;
    struct gilloc_magazine *spare = take_spare(gilloc_tcache_self.rest, size_class);
    size_t blocks = gilloc_magazine_count(loaded(size_class));
    if (spare) {
      blocks += gilloc_magazine_count(spare);
      put_spare(gilloc_tcache_self.rest, spare);
    }
    bytes += blocks * gilloc_size_class_bytes(size_class);
  }
  return bytes;
}

bool gilloc_tcache_has(unsigned size_class, const struct gilloc_block *block)
{
  bool has = false;
  if (uses(size_class)) {
    struct gilloc_magazine *spare = take_spare(gilloc_tcache_self.rest, size_class);
    has = gilloc_magazine_has(loaded(size_class), block);
    if (spare) {
      has = has || gilloc_magazine_has(spare, block);
      put_spare(gilloc_tcache_self.rest, spare);
    }
  }
  return has || gilloc_depot_has(size_class, block);
}

void gilloc_tcache_check(void)
{
  gilloc_tcache_flush();
  gilloc_depot_check();
}

/* The spares of all threads, or of those that have had no miss since the last call, as a list. */
static struct gilloc_magazine *collect_spares(bool of_all)
{
  struct gilloc_magazine *list = NULL;
  struct gilloc_guard_node node;
  gilloc_guard_enter(&caches.guard, &node);
  for (struct gilloc_tcache_rest *rest = caches.first; rest; rest = rest->next) {
    bool was_used = atomic_exchange_explicit(&rest->was_used, false, memory_order_relaxed);
    if (of_all)
      atomic_store_explicit(&rest->shall_flush, true, memory_order_relaxed);
    for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT && (of_all || !was_used); size_class++) {
      struct gilloc_magazine *spare = take_spare(rest, size_class);
      if (spare) {
        spare->next = list;
        list = spare;
      }
    }
  }
  gilloc_guard_leave(&caches.guard, &node);
  return list;
}

size_t gilloc_tcache_trim(bool of_all)
{
  size_t bytes = 0;
  struct gilloc_magazine *list = collect_spares(of_all);
  while (list) {
    struct gilloc_magazine *spare = list;
    list = spare->next;
    bytes += drain(spare);
    gilloc_depot_free_magazine(spare);
  }
  return bytes;
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
  gilloc_guard_after_fork(&caches.guard, &caches.fork_node, in_child);
}
