/* SPDX-License-Identifier: MIT
 *
 * gil_policy_priority.c: two classes of threads, under gil->mutex throughout. The mark is forced_off, which
 * gil.c keeps for every thread under every policy. A marked thread never takes the GIL past a waiter without
 * the mark; among equals the rules are those of `interval`.
 */
#include "gil_policy_priority.h"

static struct gilloc_gil_thread *first_unmarked(const struct gilloc_gil *gil)
{
  struct gilloc_gil_thread *thread = gil->first_waiter;
  while (thread != NULL && thread->forced_off)
    thread = thread->next;
  return thread;
}

static bool may_take(const struct gilloc_gil *gil, const struct gilloc_gil_thread *thread)
{
  return !thread->forced_off || first_unmarked(gil) == NULL;
}

static void wait_by_class(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  uint64_t interval_us = atomic_load_explicit(&gil->interval_us, memory_order_relaxed);
  uint64_t seen = gil->switch_number;
  if (gil->locked && gil->holder->forced_off && !thread->forced_off && !gil->drop_requested)
    gilloc_gil_state_request_drop(gil, thread);
  if (gilloc_gil_state_sleep(gil, &thread->wake, (int64_t)(interval_us * 1000)))
    return;
  if (gil->locked && gil->switch_number == seen)
    gilloc_gil_state_request_drop(gil, thread);
}

/* The request was addressed to the holder before. A marked thread can have taken the GIL past unmarked
 * waiters only where the policy has changed; they wait on with what they were promised, a drop at once. */
static void taken(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  struct gilloc_gil_thread *unmarked = thread->forced_off ? first_unmarked(gil) : NULL;
  if (unmarked != NULL)
    gilloc_gil_state_request_drop(gil, unmarked);
  else if (gil->drop_requested)
    gilloc_gil_state_clear_request(gil);
}

static void released(struct gilloc_gil *gil, struct gilloc_gil_thread *thread, enum gilloc_gil_drop how)
{
  (void)thread;
  (void)how;
  struct gilloc_gil_thread *next = first_unmarked(gil);
  if (next == NULL)
    next = gil->first_waiter;
  if (next != NULL)
    gilloc_gil_state_wake(next);
}

const struct gilloc_gil_policy gilloc_gil_policy_priority = {.name = "priority",
                                                             .forces_switch = true,
                                                             .counts_checkpoints = false,
                                                             .wakes_unlocked = false,
                                                             .may_take = may_take,
                                                             .wait = wait_by_class,
                                                             .taken = taken,
                                                             .released = released,
                                                             .checkpoint =
                                                                 gilloc_gil_state_drop_is_requested};
