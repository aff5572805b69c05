/* SPDX-License-Identifier: MIT
 *
 * gil_policy_ticks.c: CPython 2's switching, under gil->mutex throughout. One count for all threads, as
 * there; it goes on from holder to holder.
 */
#include "gil_policy_ticks.h"

enum { CHECKPOINTS_PER_DROP = 100 };

static unsigned checkpoints;

/* Asks for nothing: the holder comes by without being asked. Woken in vain, it stays the first in the queue.
 */
static void wait_for_release(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  (void)gilloc_gil_state_sleep(gil, &thread->wake, -1);
}

static bool checkpoint(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  (void)gil;
  (void)thread;
  if (++checkpoints < CHECKPOINTS_PER_DROP)
    return false;
  checkpoints = 0;
  return true;
}

const struct gilloc_gil_policy gilloc_gil_policy_ticks = {.name = "ticks",
                                                          .forces_switch = false,
                                                          .sees_every_checkpoint = true,
                                                          .may_take = gilloc_gil_state_may_barge,
                                                          .wait = wait_for_release,
                                                          .taken = gilloc_gil_state_answer_request,
                                                          .released = gilloc_gil_state_wake_first,
                                                          .checkpoint = checkpoint};
