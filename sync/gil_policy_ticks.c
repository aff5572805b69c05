/* SPDX-License-Identifier: MIT
 *
 * gil_policy_ticks.c: CPython 2's switching, under gil->mutex throughout. One count for all threads, as
 * there; it goes on from holder to holder.
 */
#include "gil_policy_ticks.h"

enum { CHECKPOINTS_PER_DROP = 100 };

static unsigned checkpoints;

static bool may_take(const struct gilloc_gil *gil, const struct gilloc_gil_thread *thread)
{
  (void)gil;
  (void)thread;
  return true;
}

/* Asks for nothing: the holder comes by without being asked. Woken in vain, it stays the first in the queue.
 */
static void wait_for_release(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  (void)gilloc_gil_state_sleep(gil, &thread->wake, -1);
}

/* A request can only stand from another policy's time. */
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
                                                          .may_take = may_take,
                                                          .wait = wait_for_release,
                                                          .taken = taken,
                                                          .released = released,
                                                          .checkpoint = checkpoint};
