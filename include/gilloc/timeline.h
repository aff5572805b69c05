/* SPDX-License-Identifier: MIT
 *
 * timeline.h: what happens between a thread and the GIL, with times: who holds it, who waits, who is in a
 * blocking call, who was forced off. Each thread records into a ring of its own that the caller brings; the
 * library allocates nothing. A full ring forgets its oldest events, and says how many.
 *
 *   static uint64_t storage[1 << 16];
 *   struct gilloc_timeline timeline;
 *   gilloc_timeline_start(&timeline, storage, 1 << 16);     in the thread
 *   ...
 *   reading = gilloc_timeline_read(&timeline, events, n);   in any thread, at any time
 *
 * A thread that does not record pays one branch at each move of the GIL. In the flavours `none` and `fine`,
 * which have no GIL, attaching and the end of a blocking region are recorded as ACQUIRE, detaching and its
 * beginning as RELEASE, as if the lock were always free; nothing else is.
 */
#ifndef GILLOC_TIMELINE_H
#define GILLOC_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers that stay: they stand in files. A thread's events come in this order:
 *   [BLOCKING_LEAVE] [REQUEST {DROP_REQUEST}] ACQUIRE  ([BLOCKING_ENTER] | [CHECKPOINT]) RELEASE
 * or, in place of the last two, CHECKPOINT FORCED_DROP. */
enum gilloc_timeline_kind {
  GILLOC_TIMELINE_REQUEST = 0,        /* wants the GIL and cannot have it at once: begins to wait */
  GILLOC_TIMELINE_ACQUIRE = 1,        /* has it; without a REQUEST before, it had it at once */
  GILLOC_TIMELINE_RELEASE = 2,        /* drops it of its own will (under `ticks` also at a checkpoint) */
  GILLOC_TIMELINE_FORCED_DROP = 3,    /* drops it because a waiter asked for that */
  GILLOC_TIMELINE_DROP_REQUEST = 4,   /* this thread, waiting, asks the holder to drop */
  GILLOC_TIMELINE_BLOCKING_ENTER = 5, /* a blocking region begins (gilloc_blocking_enter) */
  GILLOC_TIMELINE_BLOCKING_LEAVE = 6, /* ... and ends: the blocking call is over, the GIL still to be had */
  GILLOC_TIMELINE_CHECKPOINT = 7      /* obeys at a checkpoint: the drop that follows is for the others */
};

enum { GILLOC_TIMELINE_KINDS = 8 };

struct gilloc_timeline_event {
  uint64_t at_ns; /* CLOCK_MONOTONIC, to within a microsecond; never less than the event before. Under a
                   * GIL this holds over all threads: nobody's ACQUIRE is before the last holder's drop. */
  enum gilloc_timeline_kind kind;
};

/* One thread's ring. The fields are the library's; all zero is a ring without events. */
struct gilloc_timeline {
  uint64_t *words;   /* event n is in words[n % capacity] */
  uint64_t capacity; /* a power of two; all but one of the words can be read */
  uint64_t written;  /* events so far, by the recording thread alone */
};

struct gilloc_timeline_reading {
  size_t count;     /* events read */
  uint64_t dropped; /* older ones that the ring has lost, or that the array had no room for */
};

/* Begins to record the calling thread's events into `timeline`, anew, with `storage` of `capacity` words (8
 * bytes, an event each) as its ring. Both must stay until the thread has called gilloc_timeline_stop or has
 * been joined. A thread that holds the GIL begins with ACQUIRE, now. A thread that records already goes on in
 * the new ring only. False, with nothing changed, where capacity is no power of two, less than 2, or a
 * pointer is NULL. A child of fork(2) does not record. Preserves errno. */
bool gilloc_timeline_start(struct gilloc_timeline *timeline, uint64_t *storage, size_t capacity);

/* Ends the calling thread's recording; its ring stays readable. Nothing where it does not record. */
void gilloc_timeline_stop(void);

/* Copies the newest events, at most `room`, to `events`, oldest first. Any thread, at any time, while the
 * ring's own goes on recording too: what is overwritten meanwhile counts as dropped. Takes no lock, needs no
 * GIL. */
struct gilloc_timeline_reading gilloc_timeline_read(const struct gilloc_timeline *timeline,
                                                    struct gilloc_timeline_event *events, size_t room);

#ifdef __cplusplus
}
#endif
#endif
