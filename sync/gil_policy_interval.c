/* SPDX-License-Identifier: MIT
 *
 * gil_policy_interval.c: CPython's switching, under gil->mutex throughout. It keeps nothing of its own.
 */
#include "gil_policy_interval.h"

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
    gilloc_gil_state_request_drop(gil, thread);
}

const struct gilloc_gil_policy gilloc_gil_policy_interval = {.name = "interval",
                                                             .forces_switch = true,
                                                             .sees_every_checkpoint = false,
                                                             .may_take = gilloc_gil_state_may_barge,
                                                             .wait = wait_an_interval,
                                                             .taken = gilloc_gil_state_answer_request,
                                                             .released = gilloc_gil_state_wake_first,
                                                             .checkpoint =
                                                                 gilloc_gil_state_drop_is_requested};
