/* SPDX-License-Identifier: MIT
 *
 * gil_policy_fair.c: scheduling by hold time, under gil->mutex throughout; docs/gil.md has the argument.
 *
 *   virtual time v of a thread    the time it has held the GIL, lifted to floor - credit when it comes back
 * from a wait of its own, so that idling earns an interval at most floor                         the least v
 * among the ordinary threads that compete; never falls urgent                        v + grace < floor when
 * it asked: gets in at the holder's next checkpoint, before all ordinary waiters, and may stay until its v
 * has caught up turn                          an ordinary thread's interval of hold time; urgent ones
 * interrupt it, it goes on after
 *
 * Whoever drops names the heir: a waiter that is overdue, else the urgent one with the least v, else the
 * owner of an unfinished turn, else the least v. Only the heir, or a thread that goes before it by the same
 * order, may take.
 */
#include "gil_policy_fair.h"

enum {
  SPIN_NS = 20000,     /* a hand-over between two processors takes a tenth of that */
  SPIN_MISSES_MAX = 6, /* after so many in vain, 63 of 64 chances are passed over */
  GRACE_PART = 8,      /* the grace is this part of the interval */
  NEWBORN_SHIFT = 2,   /* a new thread's credit is a quarter: threads are cheap to make */
  SLACK_PART = 64,     /* a turn that has no more than this left is over */
  RECHECK_NS = 50000   /* no waiter looks again sooner than this without being woken */
};

static struct {
  uint64_t floor_ns;
  uint64_t turn_owner; /* thread id */
  uint64_t turn_used_ns;
  uint64_t urgent_budget_ns; /* of a hold that is urgent: after that anybody may ask for the drop */
  bool heir_overdue;         /* the heir is the one that waited too long: nobody goes before it */
  bool hold_overdue; /* ... and now it holds: for the length of the grace urgent ones do not ask either */
} fair;

/* By what two threads that want the GIL are compared. */
struct claim {
  bool urgent;
  bool in_turn;
  uint64_t virtual_ns;
};

static uint64_t least(uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

static uint64_t interval_ns(const struct gilloc_gil *gil)
{
  return atomic_load_explicit(&gil->interval_us, memory_order_relaxed) * 1000;
}

static uint64_t grace_ns(const struct gilloc_gil *gil)
{
  return interval_ns(gil) / GRACE_PART;
}

static bool turn_goes_on(const struct gilloc_gil *gil, const struct gilloc_gil_thread *thread)
{
  uint64_t interval = interval_ns(gil);
  return thread->id == fair.turn_owner && fair.turn_used_ns + interval / SLACK_PART < interval;
}

/* What `thread`, which asks now, may claim. A thread that was forced off never stopped wanting: it keeps all
 * that it is behind. The others come back from elsewhere. */
static struct claim claim_of(const struct gilloc_gil *gil, const struct gilloc_gil_thread *thread)
{
  struct claim claim = {.in_turn = turn_goes_on(gil, thread), .virtual_ns = thread->standing.virtual_ns};
  uint64_t credit = interval_ns(gil) >> (thread->counters.acquisitions <= 1 ? NEWBORN_SHIFT : 0);
  uint64_t lowest = fair.floor_ns > credit ? fair.floor_ns - credit : 0;
  if (!thread->forced_off && claim.virtual_ns < lowest)
    claim.virtual_ns = lowest;
  claim.urgent = claim.virtual_ns + grace_ns(gil) < fair.floor_ns;
  return claim;
}

static struct claim standing_claim(const struct gilloc_gil *gil, const struct gilloc_gil_thread *waiter)
{
  return (struct claim){waiter->standing.urgent, turn_goes_on(gil, waiter), waiter->standing.virtual_ns};
}

static bool goes_before(struct claim a, struct claim b)
{
  if (a.urgent != b.urgent)
    return a.urgent;
  if (!a.urgent && a.in_turn != b.in_turn)
    return a.in_turn;
  return a.virtual_ns < b.virtual_ns;
}

static void settle_claim(const struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  struct claim claim = claim_of(gil, thread);
  thread->standing.virtual_ns = claim.virtual_ns;
  thread->standing.urgent = claim.urgent;
}

/* `virtual_ns` is that of an ordinary thread beside the waiters, or UINT64_MAX. */
static void raise_floor(const struct gilloc_gil *gil, uint64_t virtual_ns,
                        const struct gilloc_gil_thread *except)
{
  for (const struct gilloc_gil_thread *thread = gil->first_waiter; thread != NULL; thread = thread->next)
    if (!thread->standing.urgent && thread != except)
      virtual_ns = least(virtual_ns, thread->standing.virtual_ns);
  if (virtual_ns != UINT64_MAX && virtual_ns > fair.floor_ns)
    fair.floor_ns = virtual_ns;
}

/* A wait begins. */
static void rank(struct gilloc_gil *gil, struct gilloc_gil_thread *self, uint64_t now)
{
  uint64_t holder_ns = UINT64_MAX;
  if (gil->locked && !gil->holder->standing.urgent)
    holder_ns = gil->holder->standing.virtual_ns + (now - gil->held_since_ns);
  raise_floor(gil, holder_ns, self);
  settle_claim(gil, self);
  self->standing.ranked_ns = self->asked_ns;
}

/* How long the holder is safe from a request by `self`. */
static uint64_t patience_ns(const struct gilloc_gil *gil, const struct gilloc_gil_thread *self, uint64_t now)
{
  const struct gilloc_gil_standing *holder = &gil->holder->standing, *mine = &self->standing;
  uint64_t held = now - gil->held_since_ns;
  uint64_t interval = interval_ns(gil), turn_left = interval - least(interval, fair.turn_used_ns);
  uint64_t safe = holder->urgent ? least(fair.urgent_budget_ns, interval) : turn_left;
  if (mine->urgent && fair.hold_overdue)
    safe = least(safe, grace_ns(gil));
  else if (mine->urgent && !holder->urgent)
    safe = 0;
  else if (mine->urgent && mine->virtual_ns + grace_ns(gil) > holder->virtual_ns)
    safe = least(safe, mine->virtual_ns + grace_ns(gil) - holder->virtual_ns);
  return held < safe ? safe - held : 0;
}

/* Either it has just asked a holder to drop, or its own turn is interrupted by an urgent thread, which seldom
 * stays for long. */
static bool is_soon_served(const struct gilloc_gil *gil, const struct gilloc_gil_thread *self, bool asked)
{
  const struct gilloc_gil_thread *other = gil->locked ? gil->holder : gil->heir;
  if (self->standing.urgent)
    return asked;
  return turn_goes_on(gil, self) && other != NULL && other->standing.urgent;
}

/* Spinning that was in vain is tried less and less often: the holder may need this very processor. */
static bool spin(struct gilloc_gil *gil, struct gilloc_gil_thread *self)
{
  struct gilloc_gil_standing *mine = &self->standing;
  if (gilloc_cpu_count() == 1)
    return false;
  if (mine->spins_to_skip > 0) {
    mine->spins_to_skip--;
    return false;
  }
  if (gilloc_gil_state_spin(gil, self, SPIN_NS)) {
    mine->spin_misses = 0;
  } else {
    if (mine->spin_misses < SPIN_MISSES_MAX)
      mine->spin_misses++;
    mine->spins_to_skip = (uint8_t)((1u << mine->spin_misses) - 1);
  }
  return true;
}

static void wait_for_grant(struct gilloc_gil *gil, struct gilloc_gil_thread *self)
{
  bool asks_anew = self->standing.ranked_ns != self->asked_ns;
  uint64_t now = asks_anew ? self->asked_ns : gilloc_clock_read(&gil->clock);
  if (asks_anew)
    rank(gil, self, now);
  uint64_t limit = self->standing.urgent ? grace_ns(gil) : interval_ns(gil);
  uint64_t patience = gil->locked ? patience_ns(gil, self, now) : limit;
  bool asks = gil->locked && patience == 0;
  if (asks && !gil->drop_requested)
    gilloc_gil_state_request_drop(gil, self);
  if (is_soon_served(gil, self, asks) && spin(gil, self))
    return;
  if (asks || patience > limit)
    patience = limit > RECHECK_NS ? limit : RECHECK_NS;
  (void)gilloc_gil_state_sleep(gil, &self->wake, (int64_t)patience);
}

static bool may_take(const struct gilloc_gil *gil, const struct gilloc_gil_thread *thread)
{
  if (gil->heir == NULL || gil->heir == thread)
    return true;
  return !fair.heir_overdue && goes_before(claim_of(gil, thread), standing_claim(gil, gil->heir));
}

/* The owner of a turn that goes on, alone and up to date: all stays as it is. */
static bool takes_alone(const struct gilloc_gil *gil, const struct gilloc_gil_thread *thread)
{
  return gil->first_waiter == NULL && thread->standing.virtual_ns >= fair.floor_ns &&
         turn_goes_on(gil, thread) && !thread->standing.urgent && !fair.heir_overdue && !fair.hold_overdue;
}

/* An heir that took the GIL has left the queue, and is the heir no longer; if there still is one, this thread
 * went before it. */
static GILLOC_COLD void take_over(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  struct gilloc_gil_standing *mine = &thread->standing;
  fair.hold_overdue = fair.heir_overdue && gil->heir == NULL;
  fair.heir_overdue = false;
  gil->heir = NULL;
  settle_claim(gil, thread);
  if (!mine->urgent && !turn_goes_on(gil, thread)) {
    fair.turn_owner = thread->id;
    fair.turn_used_ns = 0;
  }
  fair.urgent_budget_ns = mine->urgent ? fair.floor_ns - mine->virtual_ns : 0;
  if (gil->drop_requested)
    gilloc_gil_state_clear_request(gil);
}

static void taken(struct gilloc_gil *gil, struct gilloc_gil_thread *thread)
{
  if (GILLOC_UNLIKELY(!takes_alone(gil, thread)))
    take_over(gil, thread);
}

/* The waiter that has waited for as many intervals as there are waiters, longest first; or NULL. Less the
 * grace: the holder's last turn ends late by what its being asked and the hand-over take. */
static struct gilloc_gil_thread *find_overdue(const struct gilloc_gil *gil, uint64_t now)
{
  struct gilloc_gil_thread *oldest = gil->first_waiter;
  unsigned waiters = 0;
  for (struct gilloc_gil_thread *thread = oldest; thread != NULL; thread = thread->next, waiters++)
    if (thread->asked_ns < oldest->asked_ns)
      oldest = thread;
  bool due = oldest != NULL && now - oldest->asked_ns + grace_ns(gil) >= waiters * interval_ns(gil);
  return due ? oldest : NULL;
}

static struct gilloc_gil_thread *find_first(const struct gilloc_gil *gil)
{
  struct gilloc_gil_thread *first = gil->first_waiter;
  for (struct gilloc_gil_thread *thread = first; thread != NULL; thread = thread->next)
    if (goes_before(standing_claim(gil, thread), standing_claim(gil, first)))
      first = thread;
  return first;
}

/* `mine` is who has just dropped. */
static GILLOC_COLD void name_heir(struct gilloc_gil *gil, const struct gilloc_gil_standing *mine)
{
  bool counts = !mine->urgent || mine->virtual_ns > fair.floor_ns;
  raise_floor(gil, counts ? mine->virtual_ns : UINT64_MAX, NULL);
  struct gilloc_gil_thread *overdue = find_overdue(gil, gil->held_since_ns + gil->last_hold_ns);
  fair.heir_overdue = overdue != NULL;
  gil->heir = overdue != NULL ? overdue : find_first(gil);
  gilloc_gil_state_wake(gil->heir);
}

/* Charges the hold and names the heir. */
static void released(struct gilloc_gil *gil, struct gilloc_gil_thread *thread, enum gilloc_gil_drop how)
{
  struct gilloc_gil_standing *mine = &thread->standing;
  (void)how;
  mine->virtual_ns += gil->last_hold_ns;
  if (GILLOC_LIKELY(thread->id == fair.turn_owner))
    fair.turn_used_ns += gil->last_hold_ns;
  if (GILLOC_UNLIKELY(gil->first_waiter != NULL))
    name_heir(gil, mine);
  else if (mine->virtual_ns > fair.floor_ns)
    fair.floor_ns = mine->virtual_ns;
}

/* No need to force a switch: a dropper that comes back must go before the heir to take the GIL. */
const struct gilloc_gil_policy gilloc_gil_policy_fair = {.name = "fair",
                                                         .forces_switch = false,
                                                         .counts_checkpoints = false,
                                                         .wakes_unlocked = false,
                                                         .may_take = may_take,
                                                         .wait = wait_for_grant,
                                                         .taken = taken,
                                                         .released = released,
                                                         .checkpoint = gilloc_gil_state_drop_is_requested};
