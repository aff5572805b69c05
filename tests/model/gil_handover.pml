/* SPDX-License-Identifier: MIT
 *
 * gil_handover.pml: how the GIL goes from thread to thread (sync/gil.c with its policies), for the model checker spin.
 * THREADS threads take and drop the GIL in every way, ROUNDS times each, while another process changes the policy
 * CHANGES times. Checked in every interleaving:
 *   double holding      an assertion in hold()
 *   deadlock, lost wake-up   every thread comes to its end. A sleeper's time may only run out while somebody holds the
 *                       GIL and no request stands, which is all that time limits are needed for: whoever sleeps
 *                       before a free GIL has to be woken
 *   a request without a waiter, an heir that is not in the queue   assertions in unlock()
 * What happens under the mutex is one step, but for the sleeps: nobody sees the state in between. Who sleeps under
 * `interval` shares a condition variable, and a signal reaches any of them; under `ticks` a thread sleeps on a futex,
 * after the unlocking and unless it is open by then, and is woken after an unlocking too. A signal reaches those who sleep and is lost on all others, as a condition variable's is. Run: gil_handover.sh
 */
#ifndef THREADS
#define THREADS 3
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef CHANGES
#define CHANGES 1
#endif
#ifndef FIRST_POLICY
#define FIRST_POLICY 0
#endif

#define INTERVAL 0
#define TICKS 1
#define FIFO 2
#define PRIORITY 3
#define FAIR 4
#define NOBODY THREADS

#define forces_switch (policy == INTERVAL || policy == PRIORITY)

byte policy = FIRST_POLICY;
bool mutex, locked, drop_requested;
byte last_holder = NOBODY, heir = NOBODY, droppers, holders;
byte queue[THREADS], waiters;
bool forced_off[THREADS];
bool asleep[THREADS], woken[THREADS];           /* wherever the waiter sleeps */
bool open = true;                               /* the futex of `ticks` */
bool dropping[THREADS], switch_seen[THREADS];   /* the one on which droppers sleep */

inline lock()
{
  atomic { !mutex -> mutex = true }
}

inline unlock()
{
  atomic {
    assert(!drop_requested || waiters > 0);
    find(heir);
    assert(heir == NOBODY || place < waiters);
    place = 0;
    mutex = false
  }
}

/* place = where `who` stands in the queue, or `waiters`. */
inline find(who)
{
  place = 0;
  do
  :: place < waiters && queue[place] != who -> place++
  :: else -> break
  od
}

inline push(who)
{
  queue[waiters] = who;
  waiters++
}

inline remove(who)
{
  find(who);
  do
  :: place + 1 < waiters -> queue[place] = queue[place + 1]; place++
  :: else -> break
  od;
  waiters--;
  queue[waiters] = 0;
  place = 0;
  if
  :: heir == who -> heir = NOBODY
  :: else
  fi
}

inline wake(who)
{
  if
  :: asleep[who] -> woken[who] = true
  :: else
  fi
}

/* One of those who sleep and are not woken yet, whichever. */
inline wake_any()
{
  if
  :: asleep[0] && !woken[0] -> woken[0] = true
#if THREADS > 1
  :: asleep[1] && !woken[1] -> woken[1] = true
#endif
#if THREADS > 2
  :: asleep[2] && !woken[2] -> woken[2] = true
#endif
  :: else
  fi
}

inline wake_all()
{
  open = true;
  place = 0;
  do
  :: place < waiters -> wake(queue[place]); place++
  :: else -> break
  od;
  place = 0
}

/* first = the first waiter whose last drop was not forced, or NOBODY. */
inline find_unmarked()
{
  place = 0;
  first = NOBODY;
  do
  :: place < waiters && forced_off[queue[place]] -> place++
  :: else -> break
  od;
  if
  :: place < waiters -> first = queue[place]
  :: else
  fi;
  place = 0
}

/* may: the GIL is free; may this thread have it? Who goes before the heir of `fair` is left open. */
inline ask_may_take()
{
  may = true;
  if
  :: policy == FIFO && waiters > 0 && queue[0] != me -> may = false
  :: policy == PRIORITY && forced_off[me] -> find_unmarked(); may = (first == NOBODY)
  :: policy == FAIR && heir != NOBODY && heir != me && !heir_overdue -> if :: may = false :: may = true fi
  :: policy == FAIR && heir != NOBODY && heir != me && heir_overdue -> may = false
  :: else
  fi;
  first = 0
}
bool heir_overdue;

/* Lies down for one sleep, or under `fair` for one spin. */
inline lie_down()
{
  if
  :: policy == TICKS -> open = false
  :: policy == PRIORITY && locked && !forced_off[me] && forced_off[last_holder] -> drop_requested = true
  :: policy == FAIR && locked -> if :: drop_requested = true :: skip fi
  :: else
  fi;
  spins = false;
  if
  :: policy == FAIR -> if :: spins = true :: skip fi
  :: else
  fi;
  patient = (policy == TICKS);
  asleep[me] = !patient;
  woken[me] = false;
  unlock()
}

/* The system call with which a waiter of `ticks` falls asleep, or does not. */
inline fall_asleep()
{
  if
  :: open -> woken[me] = true
  :: else -> asleep[me] = true
  fi
}

/* Wakes, by a signal or because the time is up, and has the mutex. */
inline get_up()
{
  if
  :: woken[me] && !mutex -> mutex = true
  :: !patient && locked && !drop_requested && !woken[me] && !mutex -> mutex = true; drop_requested = true
  :: !patient && locked && !drop_requested && !mutex -> mutex = true
  :: spins && !mutex -> mutex = true
  fi;
  woken[me] = false;
  asleep[me] = false;
  spins = false;
  patient = false
}

inline take()
{
  atomic {
    lock();
    ask_may_take();
    waits = locked || !may;
    if
    :: waits -> push(me); lie_down()
    :: else -> gain(); unlock()
    fi
  };
  do
  :: waits ->
    if
    :: patient -> atomic { fall_asleep() }
    :: else
    fi;
    atomic {
      get_up();
      ask_may_take();
      if
      :: !locked && may -> waits = false; remove(me); gain(); unlock()
      :: else -> lie_down()
      fi
    }
  :: else -> break
  od
}

inline gain()
{
  assert(!locked);
  locked = true;
  if
  :: last_holder != me ->
    last_holder = me;
    place = 0;
    do
    :: droppers > 0 && place < THREADS ->
      if :: dropping[place] -> switch_seen[place] = true :: else fi;
      place++
    :: else -> break
    od;
    place = 0
  :: else
  fi;
  heir = NOBODY;
  heir_overdue = false;
  may = false;
  if
  :: policy == TICKS -> open = false
  :: else
  fi;
  find_unmarked();
  drop_requested = (policy == PRIORITY && forced_off[me] && first != NOBODY);
  first = 0
}

/* After the unlocking. */
inline wake_outside()
{
  if
  :: wakes -> atomic { wakes = false; wake_any() }
  :: else
  fi
}

/* Under the mutex; ends under it. */
inline lose(forced)
{
  if
  :: policy == TICKS -> open = true
  :: else
  fi;
  must_switch = drop_requested && forces_switch && waiters > 0;
  forced_off[me] = forced;
  locked = false;
  if
  :: waiters > 0 && policy == PRIORITY ->
    find_unmarked();
    if :: first != NOBODY -> wake(first) :: else -> wake(queue[0]) fi;
    first = 0
  :: waiters > 0 && policy == FAIR ->
    if :: heir = queue[0] :: heir = queue[waiters - 1] :: heir = queue[waiters / 2] fi;
    if :: heir_overdue = true :: heir_overdue = false fi;
    wake(heir)
  :: waiters > 0 && policy == INTERVAL -> wake_any()
  :: waiters > 0 && policy == FIFO -> wake(queue[0])
  :: waiters > 0 && policy == TICKS -> wakes = true
  :: else
  fi;
  if
  :: must_switch ->
    droppers++;
    do
    :: last_holder == me ->
      dropping[me] = true;
      switch_seen[me] = false;
      unlock();
      atomic { switch_seen[me] && !mutex -> mutex = true; switch_seen[me] = false };
      dropping[me] = false
    :: else -> break
    od;
    droppers--
  :: else
  fi;
  must_switch = false
}

inline hold()
{
  holders++;
  assert(holders == 1);
  holders--
}

inline checkpoint()
{
  atomic {
    lock();
    if
    :: drop_requested -> lose(true); drops = true
    :: !drop_requested && policy == TICKS -> lose(false); drops = true
    :: else
    fi;
    unlock()
  };
  wake_outside();
  if
  :: drops -> drops = false; take()
  :: else
  fi
}

proctype thread(byte me)
{
  byte round, place, first;
  bool may, must_switch, patient, spins, drops, waits, wakes;
  do
  :: round < ROUNDS ->
    take();
    hold();
    if
    :: checkpoint(); hold()
    :: skip
    fi;
    atomic { lock(); lose(false); round++; unlock() };
    wake_outside()
  :: else -> break
  od
}

proctype changer()
{
  byte change, place;
  do
  :: change < CHANGES ->
    atomic {
      lock();
      if
      :: policy = INTERVAL
      :: policy = TICKS
      :: policy = FIFO
      :: policy = PRIORITY
      :: policy = FAIR
      fi;
      heir = NOBODY;
      wake_all();
      change++;
      unlock()
    }
  :: else -> break
  od
}

init
{
  byte i;
  atomic {
    do
    :: i < THREADS -> run thread(i); i++
    :: else -> break
    od;
    run changer()
  }
}
