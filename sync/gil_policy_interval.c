/* SPDX-License-Identifier: MIT
 *
 * gil_policy_interval.c: CPython's switching, under gil->mutex throughout. It keeps nothing of its own.
 */
#include "gil_policy_interval.h"

static bool may_take(const struct gilloc_gil *gil, const struct gilloc_gil_thread *thread)
{
  (void)gil;
  (void)thread;
  return true;
}

/* Any switch, and any wake-up, starts the whole interval anew: with several CPU-bound threads a waiter may
 * sit through several intervals. Going to the back with each sleep is what a condition variable does with
 * the threads that wait on it again. */
static void wait_an_interval(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  uint64_t interval_us = atomic_load_explicit(&gil->interval_us, memory_order_relaxed);
  uint64_t seen = gil->switch_number;
  gilloc_gil_state_remove_waiter(gil, thread);
  gilloc_gil_state_push_waiter(gil, thread);
  if (gilloc_gil_state_sleep(gil, &thread->wake, (int64_t)(interval_us * 1000)))
    return;
  if (gil->locked && gil->switch_number == seen)
    gilloc_gil_state_request_drop(gil);
}

static void taken(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  (void)thread;
  if (gil->drop_requested)
    gilloc_gil_state_clear_request(gil);
}

static void released(struct gilloc_gil *gil, struct gilloc_gil_thread *thread, enum gilloc_gil_drop how)
{
  (void)thread;
  (void)how;
  if (gil->first_waiter != NULL)
    gilloc_gil_state_wake(gil->first_waiter);
}

static bool checkpoint(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  (void)thread;
  return gil->drop_requested;
}

const struct gilloc_gil_policy gilloc_gil_policy_interval = {.name = "interval",
                                                             .forces_switch = true,
                                                             .sees_every_checkpoint = false,
                                                             .may_take = may_take,
                                                             .wait = wait_an_interval,
                                                             .taken = taken,
                                                             .released = released,
                                                             .checkpoint = checkpoint};
