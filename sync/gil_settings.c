/* SPDX-License-Identifier: MIT
 *
 * gil_settings.c: what may be set and asked about the GIL while it moves: interval, policy, counters, and
 * whether this thread records. gil.c moves it. Everything here preserves errno.
 */
#include "gil.h"

#include "gil_policy_fair.h"
#include "gil_policy_fifo.h"
#include "gil_policy_interval.h"
#include "gil_policy_priority.h"
#include "gil_policy_ticks.h"

#include <errno.h>
#include <string.h>

enum { MAXIMUM_INTERVAL_US = 1000000000 };

static const struct gilloc_gil_policy *const policies[] = {
    &gilloc_gil_policy_interval, &gilloc_gil_policy_ticks, &gilloc_gil_policy_fifo,
    &gilloc_gil_policy_priority, &gilloc_gil_policy_fair};

enum { POLICIES = sizeof policies / sizeof policies[0] };

/* Sleepers wake to sleep anew by the new measure: the old one may have been minutes. */
GILLOC_PUBLIC bool gilloc_gil_set_interval(uint64_t microseconds)
{
  if (microseconds == 0 || microseconds > MAXIMUM_INTERVAL_US)
    return false;
  if (!GILLOC_HAS_GIL)
    return true;
  int saved_errno = errno;
  gilloc_gil_state_lock(&gilloc_gil);
  atomic_store_explicit(&gilloc_gil.interval_us, microseconds, memory_order_relaxed);
  gilloc_gil_state_wake_all(&gilloc_gil);
  gilloc_gil_state_unlock(&gilloc_gil);
  errno = saved_errno;
  return true;
}

GILLOC_PUBLIC uint64_t gilloc_gil_interval(void)
{
  return atomic_load_explicit(&gilloc_gil.interval_us, memory_order_relaxed);
}

/* Waiters wake to wait by the new policy; a request that stands is settled by the next taker. */
static void change_policy(const struct gilloc_gil_policy *policy)
{
  int saved_errno = errno;
  gilloc_gil_state_lock(&gilloc_gil);
  gilloc_gil.policy = policy;
  gilloc_gil.heir = NULL;
  if (!gilloc_gil.drop_requested)
    gilloc_gil_state_clear_request(&gilloc_gil);
  gilloc_gil_state_wake_all(&gilloc_gil);
  gilloc_gil_state_unlock(&gilloc_gil);
  errno = saved_errno;
}

GILLOC_PUBLIC bool gilloc_gil_set_policy(const char *name)
{
  for (unsigned n = 0; name != NULL && n < POLICIES; n++) {
    if (strcmp(policies[n]->name, name) != 0)
      continue;
    if (GILLOC_HAS_GIL)
      change_policy(policies[n]);
    return true;
  }
  return false;
}

GILLOC_PUBLIC const char *gilloc_gil_policy(void)
{
  gilloc_gil_state_lock(&gilloc_gil);
  const char *name = gilloc_gil.policy->name;
  gilloc_gil_state_unlock(&gilloc_gil);
  return name;
}

GILLOC_PUBLIC const char *gilloc_gil_policy_name(unsigned n)
{
  return n < POLICIES ? policies[n]->name : NULL;
}

/* The running hold is added to the reading only: the holder adds it for good when it drops. */
GILLOC_PUBLIC struct gilloc_gil_counters gilloc_gil_thread_counters(void)
{
  struct gilloc_gil_counters reading = gilloc_gil_self.counters;
  if (!GILLOC_HAS_GIL || !gilloc_gil_self.held)
    return reading;
  int saved_errno = errno;
  gilloc_gil_state_lock(&gilloc_gil);
  reading.held_ns += gilloc_clock_read(&gilloc_gil.clock) - gilloc_gil.held_since_ns;
  gilloc_gil_state_unlock(&gilloc_gil);
  errno = saved_errno;
  return reading;
}

GILLOC_PUBLIC struct gilloc_gil_counters gilloc_gil_total_counters(void)
{
  struct gilloc_gil_counters reading = {0, 0, 0, 0, 0};
  if (!GILLOC_HAS_GIL)
    return reading;
  int saved_errno = errno;
  gilloc_gil_state_lock(&gilloc_gil);
  reading = gilloc_gil.totals;
  if (gilloc_gil.locked)
    reading.held_ns += gilloc_clock_read(&gilloc_gil.clock) - gilloc_gil.held_since_ns;
  gilloc_gil_state_unlock(&gilloc_gil);
  errno = saved_errno;
  return reading;
}

/* A hold that is going on began before this ring did. */
static void record_hold(struct gilloc_timeline *timeline)
{
  int saved_errno = errno;
  gilloc_gil_state_lock(&gilloc_gil);
  gilloc_timeline_record(timeline, GILLOC_TIMELINE_ACQUIRE, gilloc_clock_read(&gilloc_gil.clock));
  gilloc_gil_state_unlock(&gilloc_gil);
  errno = saved_errno;
}

GILLOC_PUBLIC bool gilloc_timeline_start(struct gilloc_timeline *timeline, uint64_t *storage, size_t capacity)
{
  if (!gilloc_timeline_init(timeline, storage, capacity))
    return false;
  if (gilloc_gil_self.held)
    record_hold(timeline);
  gilloc_gil_self.timeline = timeline;
  return true;
}

GILLOC_PUBLIC void gilloc_timeline_stop(void)
{
  gilloc_gil_self.timeline = NULL;
}
