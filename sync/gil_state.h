/* SPDX-License-Identifier: MIT
 *
 * gil_state.h: what the GIL consists of, and the interface of its scheduling policies.
 *
 *            gil->mutex guards all of it, and is never held while anybody works
 *   holder --> locked, last_holder, held_since_ns     waiters: first --> thread <--> thread <-- last
 *   dropper waits on `switched` until last_holder is not itself; a waiter, as the policy wants it, on its own
 *   `wake`, on `released` with the others, or on the futex `open`
 *
 * Invariants: locked == some thread's `held`. drop_requested implies that somebody waits, because it is
 * cleared by whoever takes the GIL and a waiter leaves the queue only by taking it. gil.c moves the GIL; a
 * policy says who may have it next, how long a waiter is patient, and what a checkpoint does.
 */
#ifndef GILLOC_GIL_STATE_H
#define GILLOC_GIL_STATE_H

#include "base.h"
#include "gil_timeline.h"
#include "panic.h"
#include "platform.h"

#include <gilloc/gil.h>
#include <pthread.h>
#include <stdatomic.h>

/* What the policy `fair` knows of a thread: gil_policy_fair.c. */
struct gilloc_gil_standing {
  uint64_t virtual_ns; /* the hold time it is charged with */
  uint64_t ranked_ns;  /* asked_ns of the wait for which `urgent` was decided */
  bool urgent;
  uint8_t spin_misses;   /* spins in vain since the last that was not */
  uint8_t spins_to_skip; /* how many chances to spin it lets pass therefore */
};

/* One thread, in its thread-local storage; all zero at the start. */
struct gilloc_gil_thread {
  /* The thread's own. */
  bool held;                        /* it holds the GIL */
  bool attached;                    /* between gilloc_thread_attach and _detach */
  bool blocking;                    /* between gilloc_blocking_enter and _leave */
  bool exit_noticed;                /* its exit will come to gil.c */
  bool took_for_fork;               /* gilloc_gil_before_fork took the GIL */
  uint32_t depth;                   /* open gilloc_gil_acquires */
  uint32_t depth_put_away;          /* those open before the blocking region */
  uint32_t sections;                /* open critical sections */
  struct gilloc_timeline *timeline; /* into which it records, or NULL */
  /* Written by the thread under gil->mutex, read by it. */
  uint64_t id;                         /* never 0 after its first take, never given twice */
  struct gilloc_gil_counters counters; /* up to the last drop */
  uint64_t asked_ns;                   /* when its last wait for the GIL began */
  bool forced_off;                     /* its last drop was a forced one */
  struct gilloc_gil_standing standing; /* the policy `fair`'s own */
  /* Under gil->mutex, while it waits. */
  struct gilloc_gil_thread *next;
  struct gilloc_gil_thread *previous;
  pthread_cond_t wake; /* signalled to make it look again */
  _Atomic bool nudged; /* the same for one that spins; set under the mutex, a hint without it */
};

struct gilloc_gil {
  pthread_mutex_t mutex;
  pthread_cond_t switched; /* last_holder has changed while a dropper waits for that */
  pthread_cond_t released; /* on which all waiters of a policy without an order sleep */
  _Atomic uint32_t open;   /* 0 while waiters may sleep on it (futex); written under mutex */
  bool locked;
  bool drop_requested; /* by a waiter, of this holder */
  unsigned droppers;   /* threads that sleep on `switched` */
  /* Of a policy that counts: written by the holder, guarded by the GIL and not by mutex. */
  unsigned checkpoints_left;
  uint64_t last_holder; /* thread id; 0 before the first */
  uint64_t last_id;
  uint64_t switch_number; /* changes of last_holder */
  uint64_t held_since_ns;
  uint64_t last_hold_ns;            /* how long the hold was that ended last */
  struct gilloc_gil_thread *holder; /* NULL when not locked */
  struct gilloc_gil_thread *heir;   /* to whom a policy has promised the free GIL: a waiter, or NULL */
  struct gilloc_gil_thread *first_waiter;
  struct gilloc_gil_thread *last_waiter;
  const struct gilloc_gil_policy *policy;
  struct gilloc_clock clock;
  struct gilloc_gil_counters totals; /* over all threads, up to the last drop */
  _Atomic uint64_t interval_us;      /* written under mutex, read by anybody */
};

/* The values of gilloc_checkpoint_pending. */
enum {
  GILLOC_CHECKPOINT_IDLE,
  GILLOC_CHECKPOINT_REQUESTED,
  GILLOC_CHECKPOINT_COUNTED /* nothing is requested; the policy counts checkpoints */
};

enum gilloc_gil_drop {
  GILLOC_GIL_DROP_VOLUNTARY,  /* at the end of a call, at exit */
  GILLOC_GIL_DROP_BLOCKING,   /* before a blocking call */
  GILLOC_GIL_DROP_CHECKPOINT, /* at a checkpoint, because the policy wants it */
  GILLOC_GIL_DROP_FORCED      /* at a checkpoint, because a waiter asked for it */
};

/* A scheduling policy. All functions are called with gil->mutex held and must be brief. A policy may be left
 * and chosen again at any moment: what it remembers of waiters it must check against the queue. */
struct gilloc_gil_policy {
  const char *name;
  /* A thread that drops the GIL while a request stands waits until another has taken over. */
  bool forces_switch;
  /* The holder comes to `checkpoint` at each one that gil->checkpoints_left does not let pass, request or
   * not. */
  bool counts_checkpoints;
  /* A drop beside waiters wakes one that sleeps on `open`, when the mutex is free again. */
  bool wakes_unlocked;
  /* The GIL is free: may `thread` have it now? Asked of waiters, and of newcomers, not yet in the queue,
   * unless that is empty. A policy that always says yes lets newcomers barge. */
  bool (*may_take)(const struct gilloc_gil *gil, const struct gilloc_gil_thread *thread);
  /* One sleep of the queued `thread`, at the end of which may_take is asked again; may request a drop. */
  void (*wait)(struct gilloc_gil *gil, struct gilloc_gil_thread *thread);
  /* `thread` has just taken the GIL; settles which requests stand against it. */
  void (*taken)(struct gilloc_gil *gil, struct gilloc_gil_thread *thread);
  /* `thread` has just dropped the GIL; wakes who shall have it next. */
  void (*released)(struct gilloc_gil *gil, struct gilloc_gil_thread *thread, enum gilloc_gil_drop how);
  /* The holder is at a checkpoint: shall it drop? */
  bool (*checkpoint)(struct gilloc_gil *gil, struct gilloc_gil_thread *thread);
};

static inline void gilloc_gil_state_lock(struct gilloc_gil *gil)
{
  int error = pthread_mutex_lock(&gil->mutex);
  if (GILLOC_UNLIKELY(error != 0))
    gilloc_panic_os("pthread_mutex_lock", error);
}

static inline void gilloc_gil_state_unlock(struct gilloc_gil *gil)
{
  int error = pthread_mutex_unlock(&gil->mutex);
  if (GILLOC_UNLIKELY(error != 0))
    gilloc_panic_os("pthread_mutex_unlock", error);
}

/* The queue of waiters. An heir that leaves it is the heir no longer. */
void gilloc_gil_state_push_waiter(struct gilloc_gil *gil, struct gilloc_gil_thread *thread);
void gilloc_gil_state_remove_waiter(struct gilloc_gil *gil, struct gilloc_gil_thread *thread);
/* Wakes one queued thread that sleeps on its `wake`, or all of them wherever they sleep, to look again. */
void gilloc_gil_state_wake(struct gilloc_gil_thread *thread);
void gilloc_gil_state_wake_all(struct gilloc_gil *gil);

/* Sleeps on `condition`, gil->mutex released meanwhile; limit_ns < 0: no limit. False when the time ran
 * out. May return early. Is no cancellation point: a waiter must never leave but with the GIL. */
bool gilloc_gil_state_sleep(struct gilloc_gil *gil, pthread_cond_t *condition, int64_t limit_ns);

/* Sleeps on gil->open until it is opened or woken, gil->mutex released meanwhile. Must be closed. */
void gilloc_gil_state_sleep_until_open(struct gilloc_gil *gil);
/* Opens and closes it; only a policy that sleeps on it may close it, and only while the GIL is held. */
static inline void gilloc_gil_state_set_open(struct gilloc_gil *gil, bool open)
{
  atomic_store_explicit(&gil->open, open, memory_order_relaxed);
}
/* Wakes one that sleeps on it. Called without gil->mutex. */
static inline void gilloc_gil_state_wake_one_outside(struct gilloc_gil *gil)
{
  gilloc_futex_wake(&gil->open, 1);
}

/* Waits busily for gilloc_gil_state_wake, gil->mutex released meanwhile. False when the time ran out. Only
 * for a wait that is likely to be shorter than falling asleep and waking up. */
bool gilloc_gil_state_spin(struct gilloc_gil *gil, struct gilloc_gil_thread *thread, uint64_t limit_ns);

/* `asker` asks the holder to drop at its next checkpoint; takes such a request back. */
void gilloc_gil_state_request_drop(struct gilloc_gil *gil, struct gilloc_gil_thread *asker);
void gilloc_gil_state_clear_request(struct gilloc_gil *gil);

/* The holder, at a checkpoint and without gil->mutex: is it one that a counting policy lets pass? */
static inline bool gilloc_gil_state_counts_down(struct gilloc_gil *gil)
{
  if (__atomic_load_n(&gilloc_checkpoint_pending, __ATOMIC_RELAXED) != GILLOC_CHECKPOINT_COUNTED)
    return false;
  if (gil->checkpoints_left <= 1)
    return false;
  gil->checkpoints_left--;
  return true;
}

/* Functions of a policy that several have in common. may_take: whoever comes has it. */
bool gilloc_gil_state_may_barge(const struct gilloc_gil *gil, const struct gilloc_gil_thread *thread);
/* taken: no request stands against the new holder, not even one from another policy's time. */
void gilloc_gil_state_answer_request(struct gilloc_gil *gil, struct gilloc_gil_thread *thread);
/* released: wakes the waiter at the head of the queue. */
void gilloc_gil_state_wake_first(struct gilloc_gil *gil, struct gilloc_gil_thread *thread,
                                 enum gilloc_gil_drop how);
/* checkpoint: drops when a waiter has asked for it. */
bool gilloc_gil_state_drop_is_requested(struct gilloc_gil *gil, struct gilloc_gil_thread *thread);

#endif
