/* SPDX-License-Identifier: MIT
 *
 * gil_policy_fifo.c: direct hand-over in the order of asking, under gil->mutex throughout. It keeps nothing
 * of its own: the heir is whoever stands first in the queue, so there is none to lose when a policy or a
 * thread goes.
 */
#include "gil_policy_fifo.h"

static bool may_take(const struct gilloc_gil *gil, const struct gilloc_gil_thread *thread)
{
  return gil->first_waiter == thread;
}

/* Sleeps until the present holder's interval is over, and then asks for the drop on behalf of the whole
 * queue. Whoever takes over meanwhile has a later end, so nobody oversleeps. */
static void wait_in_line(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  uint64_t interval_ns = atomic_load_explicit(&gil->interval_us, memory_order_relaxed) * 1000;
  uint64_t held_ns = gil->locked ? gilloc_clock_read(&gil->clock) - gil->held_since_ns : 0;
  if (held_ns < interval_ns) {
    (void)gilloc_gil_state_sleep(gil, &thread->wake, (int64_t)(interval_ns - held_ns));
    return;
  }
  if (!gil->drop_requested)
    gilloc_gil_state_request_drop(gil, thread);
  (void)gilloc_gil_state_sleep(gil, &thread->wake, (int64_t)interval_ns);
}

/* No need to force a switch: a dropper that comes back finds the queue before it. */
const struct gilloc_gil_policy gilloc_gil_policy_fifo = {.name = "fifo",
                                                         .forces_switch = false,
                                                         .counts_checkpoints = false,
                                                         .wakes_unlocked = false,
                                                         .may_take = may_take,
                                                         .wait = wait_in_line,
                                                         .taken = gilloc_gil_state_answer_request,
                                                         .released = gilloc_gil_state_wake_first,
                                                         .checkpoint = gilloc_gil_state_drop_is_requested};
