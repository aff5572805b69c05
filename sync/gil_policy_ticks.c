/* SPDX-License-Identifier: MIT
 *
 * gil_policy_ticks.c: CPython 2's switching, under gil->mutex but for the count, which the GIL guards as it
 * does there. Its lock is a semaphore: set free, then a waiter is woken by a system call at every release as
 * long as anybody waits, and all that time whoever comes may have it. gil->open is that semaphore: 0 exactly
 * while the GIL is held and somebody may sleep.
 */
#include "gil_policy_ticks.h"

enum { CHECKPOINTS_PER_DROP = 100 };

/* Asks for nothing: the holder comes by without being asked. */
static void wait_for_release(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  (void)thread;
  gilloc_gil_state_set_open(gil, false);
  gilloc_gil_state_sleep_until_open(gil);
}

static void taken(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  gilloc_gil_state_set_open(gil, false);
  gilloc_gil_state_answer_request(gil, thread);
}

static void released(struct gilloc_gil *gil, struct gilloc_gil_thread *thread, enum gilloc_gil_drop how)
{
  (void)thread;
  (void)how;
  gilloc_gil_state_set_open(gil, true);
}

static bool checkpoint(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  (void)thread;
  gil->checkpoints_left = CHECKPOINTS_PER_DROP;
  return true;
}

const struct gilloc_gil_policy gilloc_gil_policy_ticks = {.name = "ticks",
                                                          .forces_switch = false,
                                                          .counts_checkpoints = true,
                                                          .wakes_unlocked = true,
                                                          .may_take = gilloc_gil_state_may_barge,
                                                          .wait = wait_for_release,
                                                          .taken = taken,
                                                          .released = released,
                                                          .checkpoint = checkpoint};
