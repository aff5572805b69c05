/* SPDX-License-Identifier: MIT
 *
 * purge.c: the decay and the thread. The thread rests by exchanging purging.thread for RESTING and then
 * looking at what is purgeable once more; a tick adds 0 to it after its caller has made something purgeable:
 * whichever of the two comes second sees the other. It sleeps on purging.events, which is read before
 * whatever it decides to sleep by, and counted up by all who change that.
 * free(3) is called with a lock held that pthread_create takes (glibc takes a stack apart), malloc(3) is not:
 * so once the process has had other threads, only callers that take memory start the thread.
 */
#include "purge.h"

#include "arena_purge.h"
#include "arena_release.h"
#include "depot.h"
#include "guard.h"
#include "os_memory.h"
#include "page_cache.h"
#include "page_heap.h"
#include "platform.h"
#include "tcache.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum thread_state { NO_THREAD = 0, RUNNING = 1, RESTING = 2, STOPPED = 3 };
enum { STACK_BYTES = 256 << 10, NS_PER_MS = 1000000 };

/* The clock, which costs more than a large malloc, is not looked at more often than every so many ticks of
 * the processor: a millisecond or so. */
enum { CLOCK_TICKS = 1 << 20 };

/* What goes back is soon fetched again by a program that stays above its soft limit: a microsecond or two a
 * page. Purging for the limit's sake alone pauses for some times as long. */
enum { PAUSE_NS_A_BYTE = 4 };

static struct {
  struct gilloc_guard guard;
  struct gilloc_guard_node fork_node;
  uint64_t last_ns;            /* end of the last half decay time; under the guard */
  _Atomic uint64_t last_ticks; /* when a tick last looked at the clock */
  _Atomic uint64_t pause_end;  /* the soft limit purges nothing until then, in ns */
  _Atomic uint32_t thread;
  _Atomic uint32_t events;
  _Atomic bool thread_waits; /* for readers; ticks do its work meanwhile */
  _Atomic uint32_t decay_ms;
  _Atomic bool no_background;
  _Atomic bool main_has_ended; /* by pthread_exit: the process is to end with its last other thread */
  _Atomic size_t purged;
  _Atomic size_t purges;
  _Atomic size_t threads_started;
  pthread_t last;            /* where the library can be unloaded: the thread started last, which is joined */
  _Atomic uint32_t has_last; /* a futex: its starter has told */
} purging = {.guard = {.rank = GILLOC_RANK_PURGE},
             .decay_ms = GILLOC_PURGE_DECAY_MS,
             .no_background = true}; /* before the constructors the loader may not be ready for a thread */

/* Has a value in the main thread, where the library started in it; elsewhere its cache's end tells. */
static GILLOC_WRITTEN_AT_START pthread_key_t main_key;
static GILLOC_WRITTEN_AT_START bool has_main_key;

static size_t purgeable(void)
{
  size_t cached = GILLOC_HAS_TCACHE ? gilloc_depot_bytes() + gilloc_page_cache_bytes() : 0;
  return cached + (GILLOC_HAS_LARGE ? gilloc_page_heap_purgeable() : 0) + gilloc_arena_purgeable();
}

/* What threads may hold beyond that, and will be in reach when they idle. */
static size_t spare_bytes(void)
{
  return GILLOC_HAS_TCACHE ? gilloc_tcache_spare_bytes() : 0;
}

static uint32_t decay_ms(void)
{
  return atomic_load_explicit(&purging.decay_ms, memory_order_relaxed);
}

static int64_t half_decay_ns(void)
{
  return (int64_t)decay_ms() * (NS_PER_MS / 2);
}

/* ---- purging ---- */

/* Brings to the pools what the caches have not needed, or all that is in reach. */
static void trim_caches(bool wholly)
{
  if (!GILLOC_HAS_TCACHE)
    return;
  gilloc_tcache_trim(wholly);
  gilloc_page_cache_trim(wholly);
  if (wholly)
    gilloc_depot_drain_all();
  else
    gilloc_depot_trim();
  gilloc_depot_purge_records();
}

static void count(size_t bytes)
{
  atomic_fetch_add_explicit(&purging.purged, bytes, memory_order_relaxed);
  atomic_fetch_add_explicit(&purging.purges, bytes != 0, memory_order_relaxed);
}

size_t gilloc_purge_all(void)
{
  struct gilloc_guard_node node;
  struct gilloc_arena *emptied = NULL;
  trim_caches(true);
  gilloc_guard_enter(&purging.guard, &node);
  size_t bytes = gilloc_page_heap_purge_all() + gilloc_arena_purge_all(&emptied);
  gilloc_guard_leave(&purging.guard, &node);
  gilloc_arena_release(emptied);
  count(bytes);
  return bytes;
}

void gilloc_purge_step(uint64_t now_ns)
{
  struct gilloc_guard_node node;
  struct gilloc_arena *emptied = NULL;
  size_t bytes = 0;
  gilloc_guard_enter(&purging.guard, &node);
  /* Signed: whoever read the clock first may come second. */
  bool is_due = (int64_t)(now_ns - purging.last_ns) >= half_decay_ns();
  if (is_due) {
    purging.last_ns = now_ns;
    bytes = gilloc_page_heap_purge_idle() + gilloc_arena_purge_idle(&emptied);
  }
  gilloc_guard_leave(&purging.guard, &node);
  gilloc_arena_release(emptied);
  if (is_due)
    trim_caches(false);
  count(bytes);
}

/* ---- the thread ---- */

static bool is_background(void)
{
  return GILLOC_STRATEGY == GILLOC_STRATEGY_FINE &&
         !atomic_load_explicit(&purging.no_background, memory_order_relaxed) &&
         !atomic_load_explicit(&purging.main_has_ended, memory_order_relaxed) && decay_ms() != 0 &&
         decay_ms() != GILLOC_PURGE_NEVER;
}

static bool has_work(void)
{
  return is_background() &&
         (purgeable() >= GILLOC_PURGE_MIN_BYTES || spare_bytes() >= GILLOC_PURGE_MIN_BYTES);
}

static uint32_t events(void)
{
  /* pairs with the addition in wake_thread */
  return atomic_load_explicit(&purging.events, memory_order_acquire);
}

static void wake_thread(void)
{
  /* pairs with the load in events */
  atomic_fetch_add_explicit(&purging.events, 1, memory_order_release);
  if (!gilloc_has_one_thread()) /* nobody sleeps where the caller is alone, as at the start */
    gilloc_futex_wake(&purging.events, 1);
}

static bool is_resting(void)
{
  return is_background() && !has_work() &&
         atomic_load_explicit(&purging.thread, memory_order_relaxed) == RESTING;
}

/* Sleeps until a tick finds something purgeable; false where the thread is to go instead. */
static bool rests(void)
{
  uint32_t expected = RESTING;
  /* pairs with the addition and the exchanges in wake_or_start */
  atomic_exchange_explicit(&purging.thread, RESTING, memory_order_acq_rel);
  for (uint32_t seen = events(); is_resting(); seen = events())
    gilloc_futex_wait(&purging.events, seen, -1);
  if (!is_background())
    return false;
  atomic_compare_exchange_strong_explicit(&purging.thread, &expected, RUNNING, memory_order_acq_rel,
                                          memory_order_relaxed);
  return true;
}

/* A thread inherits its maker's policy; what gives memory back is not to keep anybody from running. */
static void leave_real_time(void)
{
  int policy;
  struct sched_param plain = {.sched_priority = 0}, own;
  if (pthread_getschedparam(pthread_self(), &policy, &own) == 0 && own.sched_priority > 0)
    pthread_setschedparam(pthread_self(), SCHED_OTHER, &plain);
}

/* So that the next to start a thread finds this one to join. */
static void await_telling(void)
{
  /* pairs with the release in tell_last */
  while (!atomic_load_explicit(&purging.has_last, memory_order_acquire))
    gilloc_futex_wait(&purging.has_last, false, -1);
}

/* Where arenas end. Nobody waits for this thread, so it may wait for readers. */
static void reclaim(void)
{
  atomic_store_explicit(&purging.thread_waits, true, memory_order_relaxed);
  gilloc_arena_reclaim();
  atomic_store_explicit(&purging.thread_waits, false, memory_order_relaxed);
}

/* True where the thread sees to what is purgeable. */
static bool is_served(void)
{
  return atomic_load_explicit(&purging.thread, memory_order_relaxed) != NO_THREAD &&
         !atomic_load_explicit(&purging.thread_waits, memory_order_relaxed);
}

static void serve(void)
{
  do {
    uint32_t seen = events();
    if (is_background())
      gilloc_futex_wait(&purging.events, seen, half_decay_ns());
    /* Nothing that takes long then: the last thread of all runs what exit(3) runs. */
    if (atomic_load_explicit(&purging.main_has_ended, memory_order_relaxed))
      return;
    gilloc_purge_step(gilloc_clock_ns());
    reclaim();
  } while (has_work() || rests());
}

/* Says that there is no thread; false where one is wanted again and this is it: while it had not said so,
 * nobody started another. */
static bool ends(void)
{
  uint32_t expected = NO_THREAD;
  /* pairs with the compare-exchange in start_thread */
  atomic_exchange_explicit(&purging.thread, NO_THREAD, memory_order_acq_rel);
  return !is_background() ||
         !atomic_compare_exchange_strong_explicit(&purging.thread, &expected, RUNNING, memory_order_acq_rel,
                                                  memory_order_relaxed);
}

static void *purge_in_background(void *unused)
{
  (void)unused;
  pthread_setname_np(pthread_self(), "gilloc-purge");
  leave_real_time();
  do {
    serve();
    if (GILLOC_CLOSABLE)
      await_telling();
  } while (!ends());
  return NULL;
}

/* It has said that it ends, or shall. */
static void join_last(void)
{
  /* pairs with the release in tell_last */
  if (!atomic_load_explicit(&purging.has_last, memory_order_acquire))
    return;
  pthread_join(purging.last, NULL);
  atomic_store_explicit(&purging.has_last, false, memory_order_relaxed);
}

static void tell_last(void)
{
  /* pairs with the acquire in join_last and await_telling */
  atomic_store_explicit(&purging.has_last, true, memory_order_release);
  gilloc_futex_wake(&purging.has_last, 1);
}

/* A thread, detached unless it must be seen to end; 0 bytes: with the stack of the program's own threads. An
 * errno, or 0. */
static int create(size_t stack_bytes)
{
  pthread_attr_t attributes;
  pthread_t thread;
  int error = pthread_attr_init(&attributes);
  if (error != 0)
    return error;
  pthread_attr_setdetachstate(&attributes,
                              GILLOC_CLOSABLE ? PTHREAD_CREATE_JOINABLE : PTHREAD_CREATE_DETACHED);
  if (stack_bytes != 0)
    pthread_attr_setstacksize(&attributes, stack_bytes);
  error = pthread_create(GILLOC_CLOSABLE ? &purging.last : &thread, &attributes, purge_in_background, NULL);
  pthread_attr_destroy(&attributes);
  return error;
}

/* A thread that no signal is delivered to; false where the system has none for us. The program's
 * thread-locals lie on a thread's stack: one that they do not fit on is refused. */
static bool create_thread(void)
{
  sigset_t all, before;
  join_last();
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = create(STACK_BYTES);
  if (error == EINVAL)
    error = create(0);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (GILLOC_CLOSABLE && error == 0)
    tell_last();
  return error == 0;
}

static void start_thread(void)
{
  uint32_t expected = NO_THREAD;
  if (!atomic_compare_exchange_strong_explicit(&purging.thread, &expected, RUNNING, memory_order_acq_rel,
                                               memory_order_relaxed))
    return;
  if (create_thread()) {
    atomic_fetch_add_explicit(&purging.threads_started, 1, memory_order_relaxed);
    return;
  }
  atomic_store_explicit(&purging.no_background, true, memory_order_relaxed);
  atomic_store_explicit(&purging.thread, NO_THREAD, memory_order_relaxed);
}

/* True where a thread of ours sees to what is purgeable. Little may wait for the next tick, if this one does
 * not see that the thread is about to rest. */
static bool wake_or_start(bool is_much)
{
  if (!is_background())
    return false;
  /* pairs with the exchange in rests */
  uint32_t state = is_much ? atomic_fetch_add_explicit(&purging.thread, 0, memory_order_acq_rel)
                           : atomic_load_explicit(&purging.thread, memory_order_relaxed);
  if (state == RESTING && atomic_compare_exchange_strong_explicit(&purging.thread, &state, RUNNING,
                                                                  memory_order_acq_rel, memory_order_relaxed))
    wake_thread();
  if (state == NO_THREAD && is_much && gilloc_has_one_thread())
    start_thread();
  return is_served();
}

void gilloc_purge_prepare(void)
{
  if (GILLOC_STRATEGY != GILLOC_STRATEGY_FINE ||
      GILLOC_LIKELY(atomic_load_explicit(&purging.thread, memory_order_relaxed) != NO_THREAD))
    return;
  if (gilloc_has_one_thread() || !is_background() || gilloc_os_counts().charged < GILLOC_PURGE_HELD_BYTES)
    return;
  int error = errno;
  start_thread();
  errno = error;
}

/* ---- ticks ---- */

/* False where the pause does not end at `end` any more: another thread purges, or has. */
static bool extend_pause(uint64_t end, uint64_t new_end)
{
  return atomic_compare_exchange_strong_explicit(&purging.pause_end, &end, new_end, memory_order_relaxed,
                                                 memory_order_relaxed);
}

/* True where it has purged for the soft limit's sake. */
static bool keeps_soft_limit(void)
{
  if (GILLOC_LIKELY(!gilloc_os_is_over_soft_limit()))
    return false;
  uint64_t now = gilloc_clock_ns(), end = atomic_load_explicit(&purging.pause_end, memory_order_relaxed);
  if (now < end || !extend_pause(end, now + GILLOC_PURGE_MIN_BYTES * PAUSE_NS_A_BYTE))
    return false;
  size_t gone = gilloc_purge_all();
  now = gilloc_clock_ns() + gone * PAUSE_NS_A_BYTE;
  do
    end = atomic_load_explicit(&purging.pause_end, memory_order_relaxed);
  while (end < now && !extend_pause(end, now));
  return true;
}

void gilloc_purge_tick(void)
{
  size_t bytes = purgeable();
  bool is_worth_it = bytes >= GILLOC_PURGE_MIN_BYTES;
  if (GILLOC_LIKELY(!is_worth_it && spare_bytes() < GILLOC_PURGE_MIN_BYTES))
    return;
  if (is_worth_it && keeps_soft_limit())
    return;
  if (is_worth_it && decay_ms() == 0) {
    gilloc_purge_all();
    return;
  }
  if (decay_ms() == 0 || decay_ms() == GILLOC_PURGE_NEVER)
    return;
  if (wake_or_start(bytes >= GILLOC_PURGE_START_BYTES))
    return;
  uint64_t ticks = gilloc_ticks();
  bool is_time = ticks - atomic_load_explicit(&purging.last_ticks, memory_order_relaxed) >= CLOCK_TICKS;
  if (is_time && !is_served()) {
    atomic_store_explicit(&purging.last_ticks, ticks, memory_order_relaxed);
    gilloc_purge_step(gilloc_clock_ns());
  }
}

static bool is_main_thread(void)
{
  return gilloc_thread_id() == (uint32_t)getpid();
}

static void main_ends(void *unused)
{
  (void)unused;
  atomic_store_explicit(&purging.main_has_ended, true, memory_order_relaxed);
  wake_thread();
}

void gilloc_purge_watch_main(void)
{
  if (GILLOC_STRATEGY != GILLOC_STRATEGY_FINE || !is_main_thread())
    return;
  has_main_key = pthread_key_create(&main_key, main_ends) == 0;
  if (has_main_key)
    pthread_setspecific(main_key, &purging);
}

void gilloc_purge_thread_ends(void)
{
  if (is_main_thread())
    main_ends(NULL);
  bool is_alone = atomic_load_explicit(&purging.thread, memory_order_relaxed) == NO_THREAD;
  if (is_alone && is_background() && !gilloc_has_one_thread() && purgeable() >= GILLOC_PURGE_LEFT_BYTES)
    start_thread();
  gilloc_purge_tick();
}

/* ---- settings, figures, fork ---- */

void gilloc_purge_set_decay_ms(uint32_t milliseconds)
{
  atomic_store_explicit(&purging.decay_ms, milliseconds, memory_order_relaxed);
  wake_thread();
}

void gilloc_purge_set_background(bool wanted)
{
  atomic_store_explicit(&purging.no_background, !wanted, memory_order_relaxed);
  wake_thread();
}

void gilloc_purge_stop(void)
{
  atomic_store_explicit(&purging.no_background, true, memory_order_relaxed);
  /* pairs with the exchange in rests */
  atomic_exchange_explicit(&purging.thread, STOPPED, memory_order_acq_rel);
  wake_thread();
  join_last();
  if (has_main_key)
    pthread_key_delete(main_key);
  has_main_key = false;
}

struct gilloc_purge_counts gilloc_purge_counts(void)
{
  return (struct gilloc_purge_counts){
      .purgeable = purgeable(),
      .purged = atomic_load_explicit(&purging.purged, memory_order_relaxed),
      .purges = atomic_load_explicit(&purging.purges, memory_order_relaxed),
      .threads_started = atomic_load_explicit(&purging.threads_started, memory_order_relaxed),
      .thread_runs = atomic_load_explicit(&purging.thread, memory_order_relaxed) == RUNNING};
}

void gilloc_purge_before_fork(void) GILLOC_NOT_ANALYSED
{
  gilloc_guard_enter(&purging.guard, &purging.fork_node);
}

void gilloc_purge_after_fork(bool in_child) GILLOC_NOT_ANALYSED
{
  gilloc_guard_after_fork(&purging.guard, &purging.fork_node, in_child);
  if (!in_child)
    return;
  atomic_store_explicit(&purging.thread, NO_THREAD, memory_order_relaxed);
  atomic_store_explicit(&purging.has_last, false, memory_order_relaxed);
  atomic_store_explicit(&purging.main_has_ended, false, memory_order_relaxed);
  atomic_store_explicit(&purging.thread_waits, false, memory_order_relaxed);
  /* ThreadSanitizer ends a forked child that starts a thread. */
  if (GILLOC_TSAN)
    atomic_store_explicit(&purging.no_background, true, memory_order_relaxed);
}
