/* SPDX-License-Identifier: MIT
 *
 * gil.c: the GIL of gilloc/gil.h and gil.h; docs/gil.md tells the algorithm. Below: the four moves under
 * gil.mutex (wait_for_turn, gain, lose, wait_for_switch), then take and drop made of them, then the public
 * functions. Invariant: a thread outside a call has  held == ((attached && !blocking) || depth > 0).
 * Taking the GIL asserts that no guard is held: it is the outermost lock. Every public function preserves
 * errno, and without GILLOC_HAS_GIL does nothing but record. What may be set and asked is in gil_settings.c.
 */
#include "gil.h"

#include "gil_policy_interval.h"
#include "panic.h"
#include "parking.h"
#include "platform.h"
#include "rank.h"

#include <errno.h>

enum { DEFAULT_INTERVAL_US = 5000 };

GILLOC_THREAD_LOCAL struct gilloc_gil_thread gilloc_gil_self;

/* A plain mutex, as CPython's: an adaptive one costs more where nobody else is there, and gains nothing. */
struct gilloc_gil gilloc_gil = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                                .switched = PTHREAD_COND_INITIALIZER,
                                .released = PTHREAD_COND_INITIALIZER,
                                .open = 1,
                                .policy = &gilloc_gil_policy_interval,
                                .interval_us = DEFAULT_INTERVAL_US};

/* A thread's exit comes to gil.c through this key's destructor. */
static pthread_key_t exit_key;
static pthread_once_t exit_key_once = PTHREAD_ONCE_INIT;

enum take { TAKE_PLAIN, TAKE_AFTER_BLOCKING };

/* Recording, for a thread that does: one that does not pays a branch in take and one in lose. */
static GILLOC_COLD void record_request(const struct gilloc_gil_thread *self, enum take how)
{
  if (how == TAKE_AFTER_BLOCKING)
    gilloc_timeline_record(self->timeline, GILLOC_TIMELINE_BLOCKING_LEAVE, self->asked_ns);
  gilloc_timeline_record(self->timeline, GILLOC_TIMELINE_REQUEST, self->asked_ns);
}

static GILLOC_COLD void record_take(const struct gilloc_gil_thread *self, enum take how, bool waited)
{
  if (how == TAKE_AFTER_BLOCKING && !waited)
    gilloc_timeline_record(self->timeline, GILLOC_TIMELINE_BLOCKING_LEAVE, gilloc_gil.held_since_ns);
  gilloc_timeline_record(self->timeline, GILLOC_TIMELINE_ACQUIRE, gilloc_gil.held_since_ns);
}

static GILLOC_COLD void record_drop(const struct gilloc_gil_thread *self, enum gilloc_gil_drop how)
{
  uint64_t at_ns = gilloc_gil.held_since_ns + gilloc_gil.last_hold_ns;
  if (how == GILLOC_GIL_DROP_BLOCKING)
    gilloc_timeline_record(self->timeline, GILLOC_TIMELINE_BLOCKING_ENTER, at_ns);
  else if (how != GILLOC_GIL_DROP_VOLUNTARY)
    gilloc_timeline_record(self->timeline, GILLOC_TIMELINE_CHECKPOINT, at_ns);
  gilloc_timeline_record(
      self->timeline, how == GILLOC_GIL_DROP_FORCED ? GILLOC_TIMELINE_FORCED_DROP : GILLOC_TIMELINE_RELEASE,
      at_ns);
}

/* The same without a GIL, where nobody waits and threads have only the clock in common. */
static inline void record_without_gil(enum gilloc_timeline_kind kind)
{
  const struct gilloc_gil_thread *self = &gilloc_gil_self;
  if (GILLOC_LIKELY(self->timeline == NULL))
    return;
  uint64_t now = gilloc_clock_ns();
  if (kind == GILLOC_TIMELINE_BLOCKING_ENTER || kind == GILLOC_TIMELINE_BLOCKING_LEAVE)
    gilloc_timeline_record(self->timeline, kind, now);
  bool ends = kind == GILLOC_TIMELINE_BLOCKING_ENTER || kind == GILLOC_TIMELINE_RELEASE;
  gilloc_timeline_record(self->timeline, ends ? GILLOC_TIMELINE_RELEASE : GILLOC_TIMELINE_ACQUIRE, now);
}

/* The GIL is not to be had at once: queues until it is free and the policy lets this thread have it. */
static GILLOC_COLD void wait_for_turn(struct gilloc_gil_thread *self, enum take how)
{
  self->asked_ns = gilloc_clock_read(&gilloc_gil.clock);
  if (self->timeline != NULL)
    record_request(self, how);
  gilloc_gil_state_push_waiter(&gilloc_gil, self);
  do
    gilloc_gil.policy->wait(&gilloc_gil, self);
  while (gilloc_gil.locked || !gilloc_gil.policy->may_take(&gilloc_gil, self));
  gilloc_gil_state_remove_waiter(&gilloc_gil, self);
}

/* The wait ended when the hold began. */
static GILLOC_COLD void count_wait(struct gilloc_gil_thread *self)
{
  uint64_t waited_ns = gilloc_gil.held_since_ns - self->asked_ns;
  self->counters.waited_ns += waited_ns;
  gilloc_gil.totals.waited_ns += waited_ns;
}

/* Another thread than the last holder takes over: a dropper may be waiting for just that. */
static GILLOC_COLD void change_holder(struct gilloc_gil_thread *self)
{
  if (self->id == 0)
    self->id = ++gilloc_gil.last_id;
  if (gilloc_gil.last_holder != 0) {
    self->counters.holder_changes++;
    gilloc_gil.totals.holder_changes++;
  }
  gilloc_gil.last_holder = self->id;
  gilloc_gil.switch_number++;
  if (gilloc_gil.droppers > 0)
    pthread_cond_broadcast(&gilloc_gil.switched);
}

/* The free GIL becomes this thread's. */
static void gain(struct gilloc_gil_thread *self)
{
  gilloc_gil.locked = true;
  gilloc_gil.holder = self;
  gilloc_gil.held_since_ns = gilloc_clock_read(&gilloc_gil.clock);
  if (gilloc_gil.last_holder != self->id || self->id == 0)
    change_holder(self);
  self->counters.acquisitions++;
  gilloc_gil.totals.acquisitions++;
  self->held = true;
  gilloc_gil.policy->taken(&gilloc_gil, self);
}

/* Ends when another thread has taken over. One will: somebody waits, and leaves only by taking the GIL. */
static GILLOC_COLD void wait_for_switch(const struct gilloc_gil_thread *self)
{
  gilloc_gil.droppers++;
  while (gilloc_gil.last_holder == self->id)
    gilloc_gil_state_sleep(&gilloc_gil, &gilloc_gil.switched, -1);
  gilloc_gil.droppers--;
}

/* This thread's GIL becomes free. True when a waiter is to be woken after the unlocking. */
static bool lose(struct gilloc_gil_thread *self, enum gilloc_gil_drop how)
{
  bool must_switch =
      gilloc_gil.drop_requested && gilloc_gil.policy->forces_switch && gilloc_gil.first_waiter != NULL;
  uint64_t held_ns = gilloc_clock_read(&gilloc_gil.clock) - gilloc_gil.held_since_ns;
  self->counters.held_ns += held_ns;
  gilloc_gil.totals.held_ns += held_ns;
  self->held = false;
  self->forced_off = how == GILLOC_GIL_DROP_FORCED;
  gilloc_gil.last_hold_ns = held_ns;
  gilloc_gil.locked = false;
  gilloc_gil.holder = NULL;
  if (GILLOC_UNLIKELY(self->timeline != NULL))
    record_drop(self, how);
  gilloc_gil.policy->released(&gilloc_gil, self, how);
  if (GILLOC_UNLIKELY(must_switch))
    wait_for_switch(self);
  return gilloc_gil.first_waiter != NULL && gilloc_gil.policy->wakes_unlocked;
}

static GILLOC_ALWAYS_INLINE void take_as(struct gilloc_gil_thread *self, enum take how)
{
  int saved_errno = errno;
  gilloc_assert(!self->held);
  gilloc_assert(gilloc_rank_held() == 0);
  gilloc_gil_state_lock(&gilloc_gil);
  bool waits = gilloc_gil.locked ||
               (gilloc_gil.first_waiter != NULL && !gilloc_gil.policy->may_take(&gilloc_gil, self));
  if (GILLOC_UNLIKELY(waits))
    wait_for_turn(self, how);
  gain(self);
  if (GILLOC_UNLIKELY(waits))
    count_wait(self);
  if (GILLOC_UNLIKELY(self->timeline != NULL))
    record_take(self, how, waits);
  gilloc_gil_state_unlock(&gilloc_gil);
  errno = saved_errno;
}

static void take(struct gilloc_gil_thread *self)
{
  take_as(self, TAKE_PLAIN);
}

static GILLOC_ALWAYS_INLINE void drop_as(struct gilloc_gil_thread *self, enum gilloc_gil_drop how)
{
  int saved_errno = errno;
  gilloc_assert(self->held);
  gilloc_assert(gilloc_rank_held() == 0);
  gilloc_gil_state_lock(&gilloc_gil);
  bool wakes = lose(self, how);
  gilloc_gil_state_unlock(&gilloc_gil);
  if (GILLOC_UNLIKELY(wakes))
    gilloc_gil_state_wake_one_outside(&gilloc_gil);
  errno = saved_errno;
}

static void drop(struct gilloc_gil_thread *self)
{
  drop_as(self, GILLOC_GIL_DROP_VOLUNTARY);
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
  if (!GILLOC_HAS_GIL) {
    record_without_gil(GILLOC_TIMELINE_ACQUIRE);
    return;
  }
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
  if (!GILLOC_HAS_GIL) {
    record_without_gil(GILLOC_TIMELINE_RELEASE);
    return;
  }
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
  if (!GILLOC_HAS_GIL) {
    record_without_gil(GILLOC_TIMELINE_BLOCKING_ENTER);
    return;
  }
  if (self->blocking)
    gilloc_panic("gilloc_blocking_enter: inside a blocking region already; regions do not nest");
  if (!self->held)
    gilloc_panic("gilloc_blocking_enter: the GIL is not held; call gilloc_thread_attach first");
  if (self->sections > 0)
    gilloc_panic("gilloc_blocking_enter: inside a critical section; leave it before blocking");
  self->blocking = true;
  self->depth_put_away = self->depth;
  self->depth = 0;
  drop_as(self, GILLOC_GIL_DROP_BLOCKING);
}

GILLOC_PUBLIC void gilloc_blocking_leave(void)
{
  struct gilloc_gil_thread *self = &gilloc_gil_self;
  if (!GILLOC_HAS_GIL) {
    record_without_gil(GILLOC_TIMELINE_BLOCKING_LEAVE);
    return;
  }
  if (!self->blocking)
    gilloc_panic("gilloc_blocking_leave: not in a blocking region; call gilloc_blocking_enter first");
  if (self->depth > 0)
    gilloc_panic("gilloc_blocking_leave: inside gilloc_gil_acquire; call gilloc_gil_release first");
  take_as(self, TAKE_AFTER_BLOCKING);
  self->depth = self->depth_put_away;
  self->blocking = false;
}

/* True when the GIL was dropped, and has to be taken again. */
static bool drop_if_due(struct gilloc_gil_thread *self)
{
  gilloc_gil_state_lock(&gilloc_gil);
  bool due = gilloc_gil.policy->checkpoint(&gilloc_gil, self), wakes = false;
  if (due && gilloc_gil.drop_requested) {
    self->counters.forced_drops++;
    gilloc_gil.totals.forced_drops++;
    wakes = lose(self, GILLOC_GIL_DROP_FORCED);
  } else if (due) {
    wakes = lose(self, GILLOC_GIL_DROP_CHECKPOINT);
  }
  gilloc_gil_state_unlock(&gilloc_gil);
  if (GILLOC_UNLIKELY(wakes))
    gilloc_gil_state_wake_one_outside(&gilloc_gil);
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
  if (self->sections > 0 || gilloc_gil_state_counts_down(&gilloc_gil))
    return;
  int saved_errno = errno;
  if (drop_if_due(self))
    take(self);
  errno = saved_errno;
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
  gilloc_gil.mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
  gilloc_gil.switched = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
  gilloc_gil.released = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
  self->wake = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
  gilloc_gil.first_waiter = NULL;
  gilloc_gil.last_waiter = NULL;
  gilloc_gil.heir = NULL;
  gilloc_gil.droppers = 0;
  /* A waiter may have been reading it; time must still not run backwards. */
  gilloc_gil.clock = (struct gilloc_clock){.last_ns = gilloc_gil.clock.last_ns};
  gilloc_gil_state_clear_request(&gilloc_gil);
  if (!self->took_for_fork)
    return;
  self->took_for_fork = false;
  drop(self);
}

void gilloc_gil_after_fork_child(void)
{
  gilloc_gil_self.timeline = NULL;
  gilloc_thread_id_after_fork_child();
  gilloc_parking_after_fork_child();
  if (GILLOC_HAS_GIL)
    recreate(&gilloc_gil_self);
}

void gilloc_gil_register_fork_handlers(void)
{
  static GILLOC_WRITTEN_AT_START bool registered;
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
