/* SPDX-License-Identifier: MIT
 *
 * page_cache.c: bins, a thread's beginning and end, trimming. The list of all caches is under the page
 * heap's guard, and so across fork(2): the child finds the caches of threads that it has not, puts right
 * those that were worked on, and the next trims empty them. What a thread had in hand at that moment stays
 * lost to the child: a block, or, where it trimmed, what it had taken out of the caches.
 */
#include "page_cache.h"

#include "guard.h"
#include "metadata.h"
#include "os_memory.h"
#include "page_bin.h"
#include "page_heap.h"
#include "page_space.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { PUTS_A_TICK = 64, PAGE_MIN = 4096, EARLY_PUTS = 64 };

struct bin {
  struct gilloc_page_run *runs[GILLOC_PAGE_CACHE_RUNS]; /* below the top */
  _Atomic uint32_t top;                                 /* anybody may read it: a figure */
  bool was_used;                                        /* since the last trim */
};

/* Whose it is: its thread's while it is busy, the trimmer's while it is claimed and was not busy then. */
struct page_cache {
  atomic_bool is_busy;
  atomic_bool is_claimed; /* written under the page heap's guard */
  struct bin bins[GILLOC_PAGE_CACHE_BINS];
  size_t held;      /* bytes in it */
  size_t published; /* what of `held` is in cached_bytes, which differs by the slack at most */
  size_t low;       /* `held` below or above these: something is to be done */
  size_t high;
  unsigned puts;
  unsigned hand;            /* the bin that made room last */
  struct page_cache *next;  /* of all threads, under the page heap's guard */
  struct page_cache **link; /* what points at this one */
};

enum phase { PHASE_NEW, PHASE_LIVE, PHASE_GONE };

static GILLOC_THREAD_LOCAL struct page_cache *own;
static GILLOC_THREAD_LOCAL enum phase phase;
static GILLOC_THREAD_LOCAL unsigned early_puts;

static struct {
  struct gilloc_metadata records;
  struct page_cache *first;
} caches = {.records = {.record_bytes = sizeof(struct page_cache), .alignment = GILLOC_CACHE_LINE}};

static _Atomic size_t cached_bytes;
static _Atomic size_t bytes_max = GILLOC_PAGE_CACHE_BYTES;
static pthread_key_t exit_key;
static pthread_once_t exit_key_once = PTHREAD_ONCE_INIT;
static bool exit_key_made;

/* ---- whose cache it is ---- */

/* Makes the cache this thread's own until `leave`; false while another thread trims it. A store and then a
 * load, in this order as others see it only because a trimmer has every thread pass a fence in between
 * (gilloc_os_fence_threads): an own fence would wait here for the block's first cache misses. */
static GILLOC_ALWAYS_INLINE bool enter(struct page_cache *self)
{
  atomic_store_explicit(&self->is_busy, true, memory_order_relaxed);
  atomic_signal_fence(memory_order_seq_cst);
  /* pairs with the release in unclaim */
  if (GILLOC_LIKELY(!atomic_load_explicit(&self->is_claimed, memory_order_acquire)))
    return true;
  atomic_store_explicit(&self->is_busy, false, memory_order_relaxed);
  return false;
}

static GILLOC_ALWAYS_INLINE void leave(struct page_cache *self)
{
  /* pairs with the acquire in is_idle */
  atomic_store_explicit(&self->is_busy, false, memory_order_release);
}

/* True where a claimed cache is the trimmer's. */
static bool is_idle(struct page_cache *cache)
{
  /* pairs with the release in leave */
  return !atomic_load_explicit(&cache->is_busy, memory_order_acquire);
}

static void unclaim(struct page_cache *cache)
{
  /* pairs with the acquire in enter */
  atomic_store_explicit(&cache->is_claimed, false, memory_order_release);
}

/* ---- bins ---- */

static uint32_t top_of(struct bin *bin)
{
  return atomic_load_explicit(&bin->top, memory_order_relaxed);
}

static void set_top(struct bin *bin, uint32_t top)
{
  atomic_store_explicit(&bin->top, top, memory_order_relaxed);
}

/* Bytes of a run of the bin. */
static size_t bytes_of_bin(size_t bin)
{
  if (bin < 1U << (GILLOC_PAGE_BIN_STEP_BITS + 1))
    return (bin + 1) << (GILLOC_PAGE_BIN_FIRST_BITS - GILLOC_PAGE_BIN_STEP_BITS);
  size_t doublings = (bin >> GILLOC_PAGE_BIN_STEP_BITS) - 1, step = bin & 7;
  return (step + 9) << (GILLOC_PAGE_BIN_FIRST_BITS - GILLOC_PAGE_BIN_STEP_BITS + doublings);
}

/* Takes the newest run of the bin out; NULL where there is none. */
static GILLOC_ALWAYS_INLINE struct gilloc_page_run *pop(struct page_cache *self, size_t index)
{
  struct bin *bin = &self->bins[index];
  uint32_t top = top_of(bin);
  if (GILLOC_UNLIKELY(top == 0))
    return NULL;
  struct gilloc_page_run *run = bin->runs[top - 1];
  set_top(bin, top - 1);
  self->held -= gilloc_page_run_bytes(run);
  return run;
}

/* Makes cached_bytes right again, and sets when it will have to be made right next. */
static GILLOC_COLD void publish(struct page_cache *self)
{
  size_t max = atomic_load_explicit(&bytes_max, memory_order_relaxed);
  atomic_fetch_add_explicit(&cached_bytes, self->held - self->published, memory_order_relaxed);
  self->published = self->held;
  self->low = self->held < GILLOC_PAGE_CACHE_SLACK ? 0 : self->held - GILLOC_PAGE_CACHE_SLACK;
  self->high = self->held + GILLOC_PAGE_CACHE_SLACK < max ? self->held + GILLOC_PAGE_CACHE_SLACK : max;
}

static void flush_bin(struct page_cache *self, size_t index)
{
  struct gilloc_page_run *run;
  while ((run = pop(self, index)))
    gilloc_page_heap_put_cached(run);
}

/* ---- a thread's beginning and end ---- */

/* Takes a run out under the guard, which keeps trimmers away, whether the cache is claimed or not. */
static struct gilloc_page_run *pop_guarded(struct page_cache *self, size_t index)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  struct gilloc_page_run *run = pop(self, index);
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
  return run;
}

/* The cache stays on the list, and so in reach of a fork's child, until it is empty. */
static void thread_exits(void *unused)
{
  struct page_cache *self = own;
  struct gilloc_page_run *run;
  struct gilloc_guard_node node;
  (void)unused;
  /* A key that was set after the destructors had run is the next thread's on that stack. */
  if (phase != PHASE_LIVE)
    return;
  own = NULL;
  phase = PHASE_GONE;
  for (size_t i = 0; i < GILLOC_PAGE_CACHE_BINS; i++)
    while ((run = pop_guarded(self, i)))
      gilloc_page_heap_put_cached(run);
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  *self->link = self->next;
  if (self->next)
    self->next->link = self->link;
  atomic_fetch_sub_explicit(&cached_bytes, self->published, memory_order_relaxed);
  gilloc_metadata_put(&caches.records, self);
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
}

static void make_exit_key(void)
{
  exit_key_made = pthread_key_create(&exit_key, thread_exits) == 0;
}

static struct page_cache *take_record(void)
{
  struct gilloc_guard_node node;
  bool fresh;
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  struct page_cache *self = gilloc_metadata_take(&caches.records, &fresh);
  if (self) {
    memset(self, 0, sizeof *self);
    self->next = caches.first;
    self->link = &caches.first;
    if (self->next)
      self->next->link = &self->next;
    caches.first = self;
  }
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
  return self;
}

/* The thread's cache; NULL at its end, and where there is no memory for one. */
static GILLOC_COLD struct page_cache *thread_starts(void)
{
  if (phase != PHASE_NEW || !(own = take_record()))
    return NULL;
  /* Live before pthread_setspecific, which may call calloc. */
  phase = PHASE_LIVE;
  pthread_once(&exit_key_once, make_exit_key);
  if (!exit_key_made || pthread_setspecific(exit_key, own) != 0)
    thread_exits(own);
  return own;
}

/* A thread that has never taken frees so often to the page heap, as in tcache.c: the C library frees other
 * threads' thread-locals in threads whose destructors have all run. */
static GILLOC_COLD struct page_cache *thread_frees_first(void)
{
  return early_puts < EARLY_PUTS && ++early_puts ? NULL : thread_starts();
}

static GILLOC_COLD void *take_first(void)
{
  if (!GILLOC_SLOW_PATHS)
    thread_starts();
  return NULL;
}

/* ---- taking, putting ---- */

GILLOC_HOT void *gilloc_page_cache_take(size_t size)
{
  struct page_cache *self = own;
  size_t index = gilloc_page_bin_of(size);
  if (GILLOC_UNLIKELY(index >= GILLOC_PAGE_CACHE_BINS))
    return NULL;
  if (GILLOC_UNLIKELY(!self))
    return take_first();
  if (GILLOC_UNLIKELY(!enter(self)))
    return NULL;
  struct gilloc_page_run *run = pop(self, index);
  self->bins[index].was_used = true;
  if (GILLOC_UNLIKELY(self->held < self->low))
    publish(self);
  leave(self);
  if (GILLOC_UNLIKELY(!run))
    return NULL;
  char *start = gilloc_page_run_start(run);
  gilloc_page_run_set_state(run, GILLOC_PAGE_RUN_LIVE);
  return start;
}

/* Makes room for a run of `bytes`; false where there can be none. */
static GILLOC_COLD bool make_room(struct page_cache *self, size_t bytes)
{
  size_t max = atomic_load_explicit(&bytes_max, memory_order_relaxed);
  while (self->held != 0 && self->held + bytes > max) {
    self->hand = (self->hand + 1) % GILLOC_PAGE_CACHE_BINS;
    flush_bin(self, self->hand);
  }
  return bytes <= max;
}

static GILLOC_ALWAYS_INLINE void push(struct page_cache *self, size_t index, struct gilloc_page_run *run)
{
  struct bin *bin = &self->bins[index];
  uint32_t top = top_of(bin);
  bin->runs[top] = run;
  atomic_signal_fence(memory_order_release); /* pairs with put_right, in a fork's child */
  set_top(bin, top + 1);
  bin->was_used = true;
  self->held += gilloc_page_run_bytes(run);
  gilloc_page_run_set_state(run, GILLOC_PAGE_RUN_CACHED);
}

GILLOC_HOT enum gilloc_page_cache_outcome gilloc_page_cache_put(void *p)
{
  struct page_cache *self = own;
  bool may_be_run = ((uintptr_t)p & (PAGE_MIN - 1)) == 0 && !GILLOC_SLOW_PATHS;
  struct gilloc_page_run *run = may_be_run ? gilloc_page_space_find_live(p) : NULL;
  if (!run || GILLOC_UNLIKELY(!self && !(self = thread_frees_first())))
    return GILLOC_PAGE_CACHE_REFUSED;
  size_t bytes = gilloc_page_run_bytes(run), index = gilloc_page_bin_of(bytes);
  if (index >= GILLOC_PAGE_CACHE_BINS || !gilloc_page_bin_is(bytes) || GILLOC_UNLIKELY(!enter(self)))
    return GILLOC_PAGE_CACHE_REFUSED;
  enum gilloc_page_cache_outcome outcome = GILLOC_PAGE_CACHE_DONE;
  if (GILLOC_UNLIKELY(++self->puts % PUTS_A_TICK == 0))
    outcome = GILLOC_PAGE_CACHE_DONE_TICK;
  bool is_over = self->held + bytes > self->high;
  if (top_of(&self->bins[index]) == GILLOC_PAGE_CACHE_RUNS || (is_over && !make_room(self, bytes)))
    outcome = GILLOC_PAGE_CACHE_REFUSED;
  else
    push(self, index, run);
  if (GILLOC_UNLIKELY(self->held > self->high || self->held < self->low))
    publish(self);
  leave(self);
  return outcome;
}

/* ---- all caches ---- */

/* Claims every cache; false where another thread might not see that in time. Afterwards a cache is the
 * caller's where it is idle; its own is in any case. */
static bool claim_all(void) GILLOC_REQUIRES(gilloc_page_space.guard)
{
  for (struct page_cache *cache = caches.first; cache; cache = cache->next)
    atomic_store_explicit(&cache->is_claimed, true, memory_order_relaxed);
  return !caches.first || (caches.first == own && !own->next) || gilloc_os_fence_threads();
}

/* Moves to a list what the cache has, or has not used since the last trim. */
static void empty(struct page_cache *cache, bool wholly, struct gilloc_page_run **list)
{
  for (size_t i = 0; i < GILLOC_PAGE_CACHE_BINS; i++) {
    struct gilloc_page_run *run;
    while ((wholly || !cache->bins[i].was_used) && (run = pop(cache, i))) {
      run->newer = *list;
      *list = run;
    }
    cache->bins[i].was_used = false;
  }
  publish(cache);
}

size_t gilloc_page_cache_trim(bool of_all)
{
  struct gilloc_guard_node node;
  struct gilloc_page_run *list = NULL;
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  bool is_claimed = claim_all();
  for (struct page_cache *cache = caches.first; cache; cache = cache->next) {
    if ((is_claimed || cache == own) && is_idle(cache))
      empty(cache, of_all, &list);
    unclaim(cache);
  }
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
  size_t bytes = 0;
  while (list) {
    struct gilloc_page_run *run = list;
    list = run->newer;
    bytes += gilloc_page_run_bytes(run);
    gilloc_page_heap_put_cached(run);
  }
  return bytes;
}

size_t gilloc_page_cache_bytes(void)
{
  return atomic_load_explicit(&cached_bytes, memory_order_relaxed);
}

struct gilloc_page_cache_counts gilloc_page_cache_counts(void)
{
  struct gilloc_guard_node node;
  struct gilloc_page_cache_counts counts = {0, 0};
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  for (struct page_cache *cache = caches.first; cache; cache = cache->next)
    for (size_t i = 0; i < GILLOC_PAGE_CACHE_BINS; i++) {
      counts.blocks += top_of(&cache->bins[i]);
      counts.bytes += top_of(&cache->bins[i]) * bytes_of_bin(i);
    }
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
  return counts;
}

/* Keeps what is in the cache beyond doubt, which is what is marked so: its thread is gone. */
static void put_right(struct page_cache *cache) GILLOC_REQUIRES(gilloc_page_space.guard)
{
  cache->held = 0;
  for (size_t i = 0; i < GILLOC_PAGE_CACHE_BINS; i++) {
    struct bin *bin = &cache->bins[i];
    uint32_t count = top_of(bin), kept = 0;
    for (uint32_t k = 0; k < count; k++)
      if (gilloc_page_run_state(bin->runs[k]) == GILLOC_PAGE_RUN_CACHED)
        bin->runs[kept++] = bin->runs[k];
    set_top(bin, kept);
    cache->held += kept * bytes_of_bin(i);
  }
  cache->published = 0;
  publish(cache);
  leave(cache);
}

void gilloc_page_cache_after_fork(void) GILLOC_NOT_ANALYSED
{
  atomic_store_explicit(&cached_bytes, own ? own->published : 0, memory_order_relaxed);
  for (struct page_cache *cache = caches.first; cache; cache = cache->next)
    if (cache != own)
      put_right(cache);
}

void gilloc_page_cache_close(void)
{
  if (exit_key_made)
    pthread_key_delete(exit_key);
}

void gilloc_page_cache_set_max(size_t bytes)
{
  atomic_store_explicit(&bytes_max, bytes, memory_order_relaxed);
}
