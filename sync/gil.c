/* SPDX-License-Identifier: MIT
 *
 * gil.c: the GIL of gilloc/gil.h and gil.h; docs/gil.md tells the algorithm. Below: the four moves under
 * gil.mutex (wait_for_turn, gain, lose, wait_for_switch), then take and drop made of them, then the public
 * functions. Invariant: a thread outside a call has  held == ((attached && !blocking) || depth > 0).
 * Taking the GIL asserts that no guard is held: it is the outermost lock. Every public function preserves
 * errno, and without GILLOC_HAS_GIL does nothing.
 */
#include "gil.h"

#include "gil_policy_fair.h"
#include "gil_policy_fifo.h"
#include "gil_policy_interval.h"
#include "gil_policy_priority.h"
#include "gil_policy_ticks.h"
#include "panic.h"
#include "parking.h"
#include "platform.h"
#include "rank.h"

#include <errno.h>
#include <string.h>

enum { DEFAULT_INTERVAL_US = 5000, MAXIMUM_INTERVAL_US = 1000000000 };

GILLOC_THREAD_LOCAL struct gilloc_gil_thread gilloc_gil_self;

static const struct gilloc_gil_policy *const policies[] = {
    &gilloc_gil_policy_interval, &gilloc_gil_policy_ticks, &gilloc_gil_policy_fifo,
    &gilloc_gil_policy_priority, &gilloc_gil_policy_fair};

enum { POLICIES = sizeof policies / sizeof policies[0] };

static struct gilloc_gil gil = {.mutex = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP,
                                .switched = PTHREAD_COND_INITIALIZER,
                                .policy = &gilloc_gil_policy_interval,
                                .interval_us = DEFAULT_INTERVAL_US};

/* A thread's exit comes to gil.c through this key's destructor. */
static pthread_key_t exit_key;
static pthread_once_t exit_key_once = PTHREAD_ONCE_INIT;

static void gil_lock(void)
{
  int error = pthread_mutex_lock(&gil.mutex);
  if (GILLOC_UNLIKELY(error != 0))
    gilloc_panic_os("pthread_mutex_lock", error);
}

static void gil_unlock(void)
{
  int error = pthread_mutex_unlock(&gil.mutex);
  if (GILLOC_UNLIKELY(error != 0))
    gilloc_panic_os("pthread_mutex_unlock", error);
}

/* The GIL is not to be had at once: queues until it is free and the policy lets this thread have it. */
static GILLOC_COLD void wait_for_turn(struct gilloc_gil_thread *self)
{
  self->asked_ns = gilloc_clock_read(&gil.clock);
  gilloc_gil_state_push_waiter(&gil, self);
  do
    gil.policy->wait(&gil, self);
  while (gil.locked || !gil.policy->may_take(&gil, self));
  gilloc_gil_state_remove_waiter(&gil, self);
}

/* The wait ended when the hold began. */
static GILLOC_COLD void count_wait(struct gilloc_gil_thread *self)
{
  uint64_t waited_ns = gil.held_since_ns - self->asked_ns;
  self->counters.waited_ns += waited_ns;
  gil.totals.waited_ns += waited_ns;
}

/* Another thread than the last holder takes over: a dropper may be waiting for just that. */
static GILLOC_COLD void change_holder(struct gilloc_gil_thread *self)
{
  if (self->id == 0)
    self->id = ++gil.last_id;
  if (gil.last_holder != 0) {
    self->counters.holder_changes++;
    gil.totals.holder_changes++;
  }
  gil.last_holder = self->id;
  gil.switch_number++;
  if (gil.droppers > 0)
    pthread_cond_broadcast(&gil.switched);
}

/* The free GIL becomes this thread's. */
static void gain(struct gilloc_gil_thread *self)
{
  gil.locked = true;
  gil.holder = self;
  gil.held_since_ns = gilloc_clock_read(&gil.clock);
  if (gil.last_holder != self->id || self->id == 0)
    change_holder(self);
  self->counters.acquisitions++;
  gil.totals.acquisitions++;
  self->held = true;
  gil.policy->taken(&gil, self);
}

/* Ends when another thread has taken over. One will: somebody waits, and leaves only by taking the GIL. */
static GILLOC_COLD void wait_for_switch(const struct gilloc_gil_thread *self)
{
  gil.droppers++;
  while (gil.last_holder == self->id)
    gilloc_gil_state_sleep(&gil, &gil.switched, -1);
  gil.droppers--;
}

/* This thread's GIL becomes free. */
static void lose(struct gilloc_gil_thread *self, enum gilloc_gil_drop how)
{
  bool must_switch = gil.drop_requested && gil.policy->forces_switch && gil.first_waiter != NULL;
  uint64_t held_ns = gilloc_clock_read(&gil.clock) - gil.held_since_ns;
  self->counters.held_ns += held_ns;
  gil.totals.held_ns += held_ns;
  self->held = false;
  self->forced_off = how == GILLOC_GIL_DROP_FORCED;
  gil.last_hold_ns = held_ns;
  gil.locked = false;
  gil.holder = NULL;
  gil.policy->released(&gil, self, how);
  if (GILLOC_UNLIKELY(must_switch))
    wait_for_switch(self);
}

static void take(struct gilloc_gil_thread *self)
{
  int saved_errno = errno;
  gilloc_assert(!self->held);
  gilloc_assert(gilloc_rank_held() == 0);
  gil_lock();
  bool waits = gil.locked || !gil.policy->may_take(&gil, self);
  if (GILLOC_UNLIKELY(waits))
    wait_for_turn(self);
  gain(self);
  if (GILLOC_UNLIKELY(waits))
    count_wait(self);
  gil_unlock();
  errno = saved_errno;
}

static void drop(struct gilloc_gil_thread *self)
{
  int saved_errno = errno;
  gilloc_assert(self->held);
  gilloc_assert(gilloc_rank_held() == 0);
  gil_lock();
  lose(self, GILLOC_GIL_DROP_VOLUNTARY);
  gil_unlock();
  errno = saved_errno;
}

void gilloc_gil_take(void)
{
  if (GILLOC_HAS_GIL)
    take(&gilloc_gil_self);
}

void gilloc_gil_drop(void)
{
  if (GILLOC_HAS_GIL)
    drop(&gilloc_gil_self);
}

/* The thread ends. Whatever it left open is closed, so that the others go on. Later destructors may attach
 * the thread again; then this one is called again. */
static void on_thread_exit(void *thread)
{
  struct gilloc_gil_thread *self = thread;
  self->exit_noticed = false;
  self->attached = false;
  self->blocking = false;
  self->depth = 0;
  self->sections = 0;
  if (self->held)
    drop(self);
}

static void create_exit_key(void)
{
  int error = pthread_key_create(&exit_key, on_thread_exit);
  if (error != 0)
    gilloc_panic_os("pthread_key_create", error);
}

/* Called with the GIL held, and marked before: pthread_setspecific may call calloc, calloc may be ours, and
 * then comes back through gil.h, where it must find nothing to wait for and nothing to register. */
static void notice_exit(struct gilloc_gil_thread *self)
{
  if (self->exit_noticed)
    return;
  int saved_errno = errno;
  self->exit_noticed = true;
  pthread_once(&exit_key_once, create_exit_key);
  int error = pthread_setspecific(exit_key, self);
  if (error != 0)
    gilloc_panic_os("pthread_setspecific", error);
  errno = saved_errno;
}

GILLOC_PUBLIC void gilloc_thread_attach(void)
{
  struct gilloc_gil_thread *self = &gilloc_gil_self;
  if (!GILLOC_HAS_GIL)
    return;
  if (self->attached)
    gilloc_panic("gilloc_thread_attach: this thread is attached already; attach once, then detach");
  if (self->blocking)
    gilloc_panic("gilloc_thread_attach: inside a blocking region; call gilloc_blocking_leave first");
  self->attached = true;
  if (!self->held)
    take(self);
  notice_exit(self);
}

GILLOC_PUBLIC void gilloc_thread_detach(void)
{
  struct gilloc_gil_thread *self = &gilloc_gil_self;
  if (!GILLOC_HAS_GIL)
    return;
  if (!self->attached)
    gilloc_panic("gilloc_thread_detach: this thread is not attached; call gilloc_thread_attach first");
  if (self->blocking)
    gilloc_panic("gilloc_thread_detach: the GIL is not held; call gilloc_blocking_leave first");
  if (self->depth > 0)
    gilloc_panic("gilloc_thread_detach: inside gilloc_gil_acquire; call gilloc_gil_release first");
  if (self->sections > 0)
    gilloc_panic("gilloc_thread_detach: inside a critical section; leave it first");
  self->attached = false;
  drop(self);
}

GILLOC_PUBLIC void gilloc_gil_acquire(void)
{
  struct gilloc_gil_thread *self = &gilloc_gil_self;
  if (!GILLOC_HAS_GIL)
    return;
  self->depth++;
  if (!self->held) {
    take(self);
    notice_exit(self);
  }
}

GILLOC_PUBLIC void gilloc_gil_release(void)
{
  struct gilloc_gil_thread *self = &gilloc_gil_self;
  if (!GILLOC_HAS_GIL)
    return;
  if (self->depth == 0)
    gilloc_panic("gilloc_gil_release: no gilloc_gil_acquire is open; release once for each acquire");
  self->depth--;
  if (self->depth > 0 || (self->attached && !self->blocking))
    return;
  if (self->sections > 0)
    gilloc_panic("gilloc_gil_release: inside a critical section; leave it first");
  drop(self);
}

GILLOC_PUBLIC bool gilloc_gil_is_held(void)
{
  return !GILLOC_HAS_GIL || gilloc_gil_self.held;
}

GILLOC_PUBLIC void gilloc_blocking_enter(void)
{
  struct gilloc_gil_thread *self = &gilloc_gil_self;
  if (!GILLOC_HAS_GIL)
    return;
  if (self->blocking)
    gilloc_panic("gilloc_blocking_enter: inside a blocking region already; regions do not nest");
  if (!self->held)
    gilloc_panic("gilloc_blocking_enter: the GIL is not held; call gilloc_thread_attach first");
  if (self->sections > 0)
    gilloc_panic("gilloc_blocking_enter: inside a critical section; leave it before blocking");
  self->blocking = true;
  self->depth_put_away = self->depth;
  self->depth = 0;
  drop(self);
}

GILLOC_PUBLIC void gilloc_blocking_leave(void)
{
  struct gilloc_gil_thread *self = &gilloc_gil_self;
  if (!GILLOC_HAS_GIL)
    return;
  if (!self->blocking)
    gilloc_panic("gilloc_blocking_leave: not in a blocking region; call gilloc_blocking_enter first");
  if (self->depth > 0)
    gilloc_panic("gilloc_blocking_leave: inside gilloc_gil_acquire; call gilloc_gil_release first");
  take(self);
  self->depth = self->depth_put_away;
  self->blocking = false;
}

/* True when the GIL was dropped, and has to be taken again. */
static bool drop_if_due(struct gilloc_gil_thread *self)
{
  gil_lock();
  bool due = gil.policy->checkpoint(&gil, self);
  if (due && gil.drop_requested) {
    self->counters.forced_drops++;
    gil.totals.forced_drops++;
    lose(self, GILLOC_GIL_DROP_FORCED);
  } else if (due) {
    lose(self, GILLOC_GIL_DROP_VOLUNTARY);
  }
  gil_unlock();
  return due;
}

GILLOC_PUBLIC void gilloc_checkpoint_slow(void)
{
  struct gilloc_gil_thread *self = &gilloc_gil_self;
  if (!GILLOC_HAS_GIL)
    return;
  if (!self->held)
    gilloc_panic("gilloc_checkpoint: the GIL is not held; call gilloc_thread_attach first");
  gilloc_assert(gilloc_rank_held() == 0);
  if (self->sections > 0)
    return;
  int saved_errno = errno;
  if (drop_if_due(self))
    take(self);
  errno = saved_errno;
}

/* Sleepers wake to sleep anew by the new measure: the old one may have been minutes. */
GILLOC_PUBLIC bool gilloc_gil_set_interval(uint64_t microseconds)
{
  if (microseconds == 0 || microseconds > MAXIMUM_INTERVAL_US)
    return false;
  if (!GILLOC_HAS_GIL)
    return true;
  int saved_errno = errno;
  gil_lock();
  atomic_store_explicit(&gil.interval_us, microseconds, memory_order_relaxed);
  gilloc_gil_state_wake_all(&gil);
  gil_unlock();
  errno = saved_errno;
  return true;
}

GILLOC_PUBLIC uint64_t gilloc_gil_interval(void)
{
  return atomic_load_explicit(&gil.interval_us, memory_order_relaxed);
}

/* Waiters wake to wait by the new policy; a request that stands is settled by the next taker. */
static void change_policy(const struct gilloc_gil_policy *policy)
{
  int saved_errno = errno;
  gil_lock();
  gil.policy = policy;
  gil.heir = NULL;
  if (!gil.drop_requested)
    gilloc_gil_state_clear_request(&gil);
  gilloc_gil_state_wake_all(&gil);
  gil_unlock();
  errno = saved_errno;
}

GILLOC_PUBLIC bool gilloc_gil_set_policy(const char *name)
{
  for (unsigned n = 0; name != NULL && n < POLICIES; n++) {
    if (strcmp(policies[n]->name, name) != 0)
      continue;
    if (GILLOC_HAS_GIL)
      change_policy(policies[n]);
    return true;
  }
  return false;
}

GILLOC_PUBLIC const char *gilloc_gil_policy(void)
{
  gil_lock();
  const char *name = gil.policy->name;
  gil_unlock();
  return name;
}

GILLOC_PUBLIC const char *gilloc_gil_policy_name(unsigned n)
{
  return n < POLICIES ? policies[n]->name : NULL;
}

/* The running hold is added to the reading only: the holder adds it for good when it drops. */
GILLOC_PUBLIC struct gilloc_gil_counters gilloc_gil_thread_counters(void)
{
  struct gilloc_gil_counters reading = gilloc_gil_self.counters;
  if (!GILLOC_HAS_GIL || !gilloc_gil_self.held)
    return reading;
  int saved_errno = errno;
  gil_lock();
  reading.held_ns += gilloc_clock_read(&gil.clock) - gil.held_since_ns;
  gil_unlock();
  errno = saved_errno;
  return reading;
}

GILLOC_PUBLIC struct gilloc_gil_counters gilloc_gil_total_counters(void)
{
  struct gilloc_gil_counters reading = {0, 0, 0, 0, 0};
  if (!GILLOC_HAS_GIL)
    return reading;
  int saved_errno = errno;
  gil_lock();
  reading = gil.totals;
  if (gil.locked)
    reading.held_ns += gilloc_clock_read(&gil.clock) - gil.held_since_ns;
  gil_unlock();
  errno = saved_errno;
  return reading;
}

void gilloc_gil_section_enter(void)
{
  if (GILLOC_HAS_GIL)
    gilloc_gil_self.sections++;
}

void gilloc_gil_section_leave(void)
{
  if (!GILLOC_HAS_GIL)
    return;
  gilloc_assert(gilloc_gil_self.sections > 0);
  gilloc_gil_self.sections--;
}

void gilloc_gil_before_fork(void)
{
  if (!GILLOC_HAS_GIL || gilloc_gil_self.held)
    return;
  take(&gilloc_gil_self);
  gilloc_gil_self.took_for_fork = true;
}

void gilloc_gil_after_fork_parent(void)
{
  if (!GILLOC_HAS_GIL || !gilloc_gil_self.took_for_fork)
    return;
  gilloc_gil_self.took_for_fork = false;
  drop(&gilloc_gil_self);
}

/* The other threads do not exist here: no waiters, no droppers, and the mutex may have been theirs. The GIL
 * itself was this thread's, so what only its holder writes is whole. */
static void recreate(struct gilloc_gil_thread *self)
{
  gil.mutex = (pthread_mutex_t)PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
  gil.switched = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
  self->wake = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
  gil.first_waiter = NULL;
  gil.last_waiter = NULL;
  gil.heir = NULL;
  gil.droppers = 0;
  /* A waiter may have been reading it; time must still not run backwards. */
  gil.clock = (struct gilloc_clock){.last_ns = gil.clock.last_ns};
  gilloc_gil_state_clear_request(&gil);
  if (!self->took_for_fork)
    return;
  self->took_for_fork = false;
  drop(self);
}

void gilloc_gil_after_fork_child(void)
{
  gilloc_thread_id_after_fork_child();
  gilloc_parking_after_fork_child();
  if (GILLOC_HAS_GIL)
    recreate(&gilloc_gil_self);
}

void gilloc_gil_register_fork_handlers(void)
{
  static bool registered;
  if (registered)
    return;
  registered = true;
  int error =
      pthread_atfork(gilloc_gil_before_fork, gilloc_gil_after_fork_parent, gilloc_gil_after_fork_child);
  if (error != 0)
    gilloc_panic_os("pthread_atfork", error);
}

/* For a program without the allocator; where that is linked, its constructor (102) was here before. */
__attribute__((constructor(103))) static void sync_starts(void)
{
  gilloc_gil_register_fork_handlers();
  /* Asked where no thread can have pinned itself to one processor yet: the answer is remembered. */
  (void)gilloc_cpu_count();
}
