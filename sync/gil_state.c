/* SPDX-License-Identifier: MIT
 *
 * gil_state.c: the queue, the sleep and the drop request, which gil.c and every policy share. All under
 * gil->mutex. gilloc_checkpoint_pending is a hint that only the holder acts on, and it looks again under
 * the mutex: so it is relaxed.
 */
#include "gil_state.h"

#include "panic.h"

#include <errno.h>
#include <limits.h>

enum { NS_PER_SECOND = 1000000000 };

/* Looks at the word between two looks at the clock. */
enum { SPINS_PER_LOOK = 32 };

GILLOC_PUBLIC unsigned char gilloc_checkpoint_pending;

void gilloc_gil_state_push_waiter(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  thread->next = NULL;
  thread->previous = gil->last_waiter;
  if (gil->last_waiter != NULL)
    gil->last_waiter->next = thread;
  else
    gil->first_waiter = thread;
  gil->last_waiter = thread;
}

void gilloc_gil_state_remove_waiter(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  if (thread->previous != NULL)
    thread->previous->next = thread->next;
  else
    gil->first_waiter = thread->next;
  if (thread->next != NULL)
    thread->next->previous = thread->previous;
  else
    gil->last_waiter = thread->previous;
  if (gil->heir == thread)
    gil->heir = NULL;
}

void gilloc_gil_state_wake(struct gilloc_gil_thread *thread)
{
  atomic_store_explicit(&thread->nudged, true, memory_order_relaxed);
  pthread_cond_signal(&thread->wake);
}

void gilloc_gil_state_wake_all(struct gilloc_gil *gil)
{
  for (struct gilloc_gil_thread *thread = gil->first_waiter; thread != NULL; thread = thread->next)
    gilloc_gil_state_wake(thread);
  pthread_cond_broadcast(&gil->released);
  gilloc_gil_state_set_open(gil, true);
  gilloc_futex_wake(&gil->open, INT_MAX);
}

bool gilloc_gil_state_sleep(struct gilloc_gil *gil, pthread_cond_t *condition, int64_t limit_ns)
{
  int cancel_state;
  int error;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
  if (limit_ns < 0) {
    error = pthread_cond_wait(condition, &gil->mutex);
  } else {
    uint64_t until = gilloc_clock_ns() + (uint64_t)limit_ns;
    struct timespec limit = {.tv_sec = (time_t)(until / NS_PER_SECOND),
                             .tv_nsec = (long)(until % NS_PER_SECOND)};
    error = pthread_cond_clockwait(condition, &gil->mutex, CLOCK_MONOTONIC, &limit);
  }
  pthread_setcancelstate(cancel_state, NULL);
  if (error != 0 && error != ETIMEDOUT)
    gilloc_panic_os("pthread_cond_clockwait", error);
  return error == 0;
}

/* Whoever opens it between the unlocking and the falling asleep has changed the word, and nobody sleeps. */
void gilloc_gil_state_sleep_until_open(struct gilloc_gil *gil)
{
  gilloc_gil_state_unlock(gil);
  (void)gilloc_futex_wait(&gil->open, 0, -1);
  gilloc_gil_state_lock(gil);
}

static void spin_until_nudged(const struct gilloc_gil_thread *thread, uint64_t limit_ns)
{
  uint64_t until = gilloc_clock_ns() + limit_ns;
  do {
    for (unsigned i = 0; i < SPINS_PER_LOOK; i++) {
      if (atomic_load_explicit(&thread->nudged, memory_order_relaxed))
        return;
      gilloc_spin_hint();
    }
  } while (gilloc_clock_ns() < until);
}

/* Whoever nudges does so under the mutex: the look after locking again is the one that counts. */
bool gilloc_gil_state_spin(struct gilloc_gil *gil, struct gilloc_gil_thread *thread, uint64_t limit_ns)
{
  atomic_store_explicit(&thread->nudged, false, memory_order_relaxed);
  int error = pthread_mutex_unlock(&gil->mutex);
  spin_until_nudged(thread, limit_ns);
  if (error == 0)
    error = pthread_mutex_lock(&gil->mutex);
  if (error != 0)
    gilloc_panic_os("pthread_mutex_lock", error);
  return atomic_load_explicit(&thread->nudged, memory_order_relaxed);
}

static void set_pending(unsigned char pending)
{
  __atomic_store_n(&gilloc_checkpoint_pending, pending, __ATOMIC_RELAXED);
}

void gilloc_gil_state_request_drop(struct gilloc_gil *gil, struct gilloc_gil_thread *asker)
{
  if (asker->timeline != NULL)
    gilloc_timeline_record(asker->timeline, GILLOC_TIMELINE_DROP_REQUEST, gilloc_clock_read(&gil->clock));
  gil->drop_requested = true;
  set_pending(GILLOC_CHECKPOINT_REQUESTED);
}

void gilloc_gil_state_clear_request(struct gilloc_gil *gil)
{
  gil->drop_requested = false;
  set_pending(gil->policy->counts_checkpoints ? GILLOC_CHECKPOINT_COUNTED : GILLOC_CHECKPOINT_IDLE);
}

bool gilloc_gil_state_may_barge(const struct gilloc_gil *gil, const struct gilloc_gil_thread *thread)
{
  (void)gil;
  (void)thread;
  return true;
}

void gilloc_gil_state_answer_request(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  (void)thread;
  if (gil->drop_requested)
    gilloc_gil_state_clear_request(gil);
}

void gilloc_gil_state_wake_first(struct gilloc_gil *gil, struct gilloc_gil_thread *thread,
                                 enum gilloc_gil_drop how)
{
  (void)thread;
  (void)how;
  if (gil->first_waiter != NULL)
    gilloc_gil_state_wake(gil->first_waiter);
}

bool gilloc_gil_state_drop_is_requested(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  (void)thread;
  return gil->drop_requested;
}
