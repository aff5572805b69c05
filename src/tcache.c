/* SPDX-License-Identifier: MIT
 *
 * tcache.c: life of a cache, and what its misses do.
 */
#include "tcache.h"

#include "central.h"
#include "depot.h"
#include "size_class.h"
#include "tcache_rest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum phase { PHASE_NEW, PHASE_LIVE, PHASE_GONE };

/* A thread that has never allocated frees so often to the centre: the C library frees in threads whose
 * destructors have all run, and a cache that they got then would be left behind. */
enum { EARLY_FREES = 256 };

GILLOC_THREAD_LOCAL struct gilloc_tcache gilloc_tcache_self;
static GILLOC_THREAD_LOCAL enum phase thread_phase;
static GILLOC_THREAD_LOCAL unsigned early_frees;
static GILLOC_WRITTEN_AT_START void (*on_exit)(void); /* constant from the constructor on */

static pthread_key_t exit_key;
static pthread_once_t exit_key_once = PTHREAD_ONCE_INIT;
static bool exit_key_made;

/* ---- magazines of this thread ---- */

static struct gilloc_magazine *loaded(unsigned size_class)
{
  struct gilloc_block **top = gilloc_tcache_self.tops[size_class + 1];
  struct gilloc_magazine *magazine = gilloc_magazine_of(top);
  magazine->top = top;
  return magazine;
}

/* Asks for the blocks' lines all at once: they come from where they were freed long ago, or on another core.
 */
static void warm(struct gilloc_magazine *magazine)
{
  for (struct gilloc_block **slot = magazine->top; slot-- > gilloc_magazine_bottom(magazine);)
    __builtin_prefetch(*slot, 1);
}

static void load(unsigned code, struct gilloc_magazine *magazine)
{
  gilloc_magazine_bottom(magazine)[-1] = &gilloc_tcache_self.sentinel;
  magazine->home = gilloc_tcache_self.rest->home;
  gilloc_tcache_self.tops[code] = magazine->top;
}

/* ---- a thread's beginning and end ---- */

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

/* What the thread frees after this goes to the centre. */
static void end_cache(void)
{
  struct gilloc_tcache *self = &gilloc_tcache_self;
  struct gilloc_tcache_rest *rest = self->rest;
  thread_phase = PHASE_GONE;
  self->linear_end = 0;
  self->window.slots = 0;
  for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT; size_class++) {
    if (self->tops[size_class + 1] != self->tops[0]) {
      abandon(loaded(size_class));
      abandon(gilloc_tcache_rest_take_spare(rest, size_class));
    }
    self->tops[size_class + 1] = NULL;
  }
  gilloc_depot_free_magazine(gilloc_magazine_of(self->tops[0]));
  self->tops[0] = NULL;
  self->rest = NULL;
  gilloc_tcache_rest_put(rest);
}

/* Runs at the thread's exit. */
static void thread_exits(void *unused)
{
  (void)unused;
  /* A key that was set after the destructors had run is the next thread's on that stack. */
  if (thread_phase != PHASE_LIVE)
    return;
  end_cache();
  if (on_exit)
    on_exit();
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
  struct gilloc_tcache_rest *rest = gilloc_tcache_rest_take();
  if (!rest)
    return;
  struct gilloc_magazine *closed = gilloc_depot_new_magazine();
  if (!closed) {
    gilloc_tcache_rest_put(rest);
    return;
  }
  self->rest = rest;
  close_all(closed);
  self->linear_end = GILLOC_LINEAR_MAX + 1;
  /* Live before pthread_setspecific, which may call calloc and come back here. */
  thread_phase = PHASE_LIVE;
  pthread_once(&exit_key_once, make_exit_key);
  if (!exit_key_made || pthread_setspecific(exit_key, self) != 0)
    end_cache();
}

/* True where the thread has a cache, maybe from now on. */
static bool has_cache(void)
{
  if (GILLOC_SLOW_PATHS)
    return false;
  if (GILLOC_UNLIKELY(thread_phase == PHASE_NEW))
    thread_starts();
  return thread_phase == PHASE_LIVE;
}

/* True where the thread has a cache whose magazine of the class can be used. */
static bool has_magazine(unsigned size_class)
{
  struct gilloc_tcache *self = &gilloc_tcache_self;
  if (!has_cache())
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

static size_t drain_class(unsigned size_class)
{
  struct gilloc_magazine *magazine = loaded(size_class);
  size_t bytes = gilloc_depot_drain(magazine);
  load(size_class + 1, magazine);
  struct gilloc_magazine *spare = gilloc_tcache_rest_take_spare(gilloc_tcache_self.rest, size_class);
  if (spare) {
    bytes += gilloc_depot_drain(spare);
    gilloc_tcache_rest_put_spare(gilloc_tcache_self.rest, spare);
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
  gilloc_tcache_rest_use(rest);
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
  struct gilloc_central_order order = {want, gilloc_tcache_self.rest->home};
  unsigned taken = gilloc_central_take_blocks(size_class, order, bottom + want);
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
  struct gilloc_magazine *spare = gilloc_tcache_rest_take_spare(rest, size_class);
  if (spare && gilloc_magazine_count(spare) > 0) {
    warm(spare);
    load(size_class + 1, spare);
    gilloc_tcache_rest_put_spare(rest, empty);
    return true;
  }
  if (spare)
    gilloc_tcache_rest_put_spare(rest, spare);
  struct gilloc_magazine *stocked = gilloc_depot_take(size_class, empty);
  if (stocked) { /* of another thread's size */
    gilloc_tcache_rest_grow(rest, size_class, stocked->capacity);
    gilloc_depot_narrow(stocked, rest->capacities[size_class]);
    warm(stocked);
    load(size_class + 1, stocked);
    return true;
  }
  bool filled = fill(empty);
  load(size_class + 1, empty);
  gilloc_tcache_rest_grow(rest, size_class, 2 * (size_t)rest->capacities[size_class]);
  return filled;
}

/* A pop failed: not because there was no block, but because of the block. */
static void check_top(unsigned size_class)
{
  const struct gilloc_block *block = gilloc_tcache_self.tops[size_class + 1][-1];
  if (GILLOC_UNLIKELY(block != &gilloc_tcache_self.sentinel))
    gilloc_block_spoiled(block);
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
  gilloc_tcache_self.rest->given += full->capacity * gilloc_size_class_bytes(size_class);
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
  gilloc_tcache_rest_grow(rest, size_class, 2 * (size_t)rest->capacities[size_class]);
  if (gilloc_magazine_widen(full, rest->capacities[size_class])) {
    load(size_class + 1, full);
    return true;
  }
  struct gilloc_magazine *next = gilloc_tcache_rest_take_spare(rest, size_class);
  if (next && gilloc_magazine_count(next) == next->capacity)
    next = exchange_full(size_class, next);
  else if (!next && (next = gilloc_depot_new_magazine()) != NULL)
    gilloc_magazine_init(next, size_class, rest->capacities[size_class]);
  if (!next)
    return false;
  load(size_class + 1, next);
  gilloc_tcache_rest_put_spare(rest, full);
  return true;
}

/* A block of a class that this thread has none of is another thread's, and shares its cache line, perhaps,
 * with more of them: kept here, it would be handed out here, and the line shared for ever. The first few go
 * to the centre; a thread that only frees has a magazine after that. */
static bool is_stranger(unsigned size_class)
{
  struct gilloc_tcache *self = &gilloc_tcache_self;
  if (!has_cache() || self->tops[size_class + 1] != self->tops[0])
    return false;
  return self->rest->strangers[size_class]++ < GILLOC_TCACHE_STRANGERS;
}

/* The purge's figures are of all threads: cache lines that a thread at full speed does without. */
static bool is_tick_due(struct gilloc_tcache_rest *rest)
{
  if (rest->given < GILLOC_TCACHE_TICK_BYTES)
    return false;
  rest->given = 0;
  return true;
}

bool gilloc_tcache_put_slow(unsigned size_class, struct gilloc_block *block)
{
  bool is_early = thread_phase == PHASE_NEW && ++early_frees <= EARLY_FREES;
  if (!is_early && !is_stranger(size_class) && has_magazine(size_class)) {
    note_miss(gilloc_tcache_self.rest);
    gilloc_tcache_self.window = gilloc_arena_map_window(block);
    if (gilloc_tcache_push(size_class + 1, block))
      return false;
    if (make_room(size_class) && gilloc_tcache_push(size_class + 1, block))
      return is_tick_due(gilloc_tcache_self.rest);
  }
  if (gilloc_tcache_has_key(size_class + 1))
    gilloc_block_mark_free(block);
  gilloc_central_put(size_class, block);
  return true;
}

/* ---- the whole cache ---- */

size_t gilloc_tcache_bytes(void)
{
  size_t bytes = 0;
  for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT; size_class++) {
    if (!uses(size_class))
      continue;
    struct gilloc_magazine *spare = gilloc_tcache_rest_take_spare(gilloc_tcache_self.rest, size_class);
    size_t blocks = gilloc_magazine_count(loaded(size_class));
    if (spare) {
      blocks += gilloc_magazine_count(spare);
      gilloc_tcache_rest_put_spare(gilloc_tcache_self.rest, spare);
    }
    bytes += blocks * gilloc_size_class_bytes(size_class);
  }
  return bytes;
}

bool gilloc_tcache_has(unsigned size_class, const struct gilloc_block *block)
{
  bool has = false;
  if (uses(size_class)) {
    struct gilloc_magazine *spare = gilloc_tcache_rest_take_spare(gilloc_tcache_self.rest, size_class);
    has = gilloc_magazine_has(loaded(size_class), block);
    if (spare) {
      has = has || gilloc_magazine_has(spare, block);
      gilloc_tcache_rest_put_spare(gilloc_tcache_self.rest, spare);
    }
  }
  return has || gilloc_depot_has(size_class, block);
}

void gilloc_tcache_check(void)
{
  gilloc_tcache_flush();
  gilloc_depot_check();
}

size_t gilloc_tcache_trim(bool of_all)
{
  return gilloc_depot_drain_list(gilloc_tcache_rest_collect(of_all));
}

void gilloc_tcache_close(void)
{
  if (exit_key_made)
    pthread_key_delete(exit_key);
}

void gilloc_tcache_on_exit(void (*callback)(void))
{
  on_exit = callback;
}
