/* SPDX-License-Identifier: MIT
 *
 * gil_policy_interval.c: CPython's switching, under gil->mutex throughout. It keeps nothing of its own: its
 * waiters sleep on one condition variable together, and which of them a signal reaches is the C library's
 * affair, as there.
 */
#include "gil_policy_interval.h"

/* Any switch, and any wake-up, starts the whole interval anew: with several CPU-bound threads a waiter may
 * sit through several intervals. */
static void wait_an_interval(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  uint64_t interval_us = atomic_load_explicit(&gil->interval_us, memory_order_relaxed);
  uint64_t seen = gil->switch_number;
  if (gilloc_gil_state_sleep(gil, &gil->released, (int64_t)(interval_us * 1000)))
    return;
  if (gil->locked && gil->switch_number == seen)
    gilloc_gil_state_request_drop(gil, thread);
}

static void released(struct gilloc_gil *gil, struct gilloc_gil_thread *thread, enum gilloc_gil_drop how)
{
  (void)thread;
  (void)how;
  if (gil->first_waiter != NULL)
    pthread_cond_signal(&gil->released);
}

const struct gilloc_gil_policy gilloc_gil_policy_interval = {.name = "interval",
                                                             .forces_switch = true,
                                                             .counts_checkpoints = false,
                                                             .wakes_unlocked = false,
                                                             .may_take = gilloc_gil_state_may_barge,
                                                             .wait = wait_an_interval,
                                                             .taken = gilloc_gil_state_answer_request,
                                                             .released = released,
                                                             .checkpoint =
                                                                 gilloc_gil_state_drop_is_requested};
