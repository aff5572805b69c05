/* SPDX-License-Identifier: MIT
 *
 * record_log.h: the events of a process that is being recorded, from the process to `gilloc record`. They
 * go into a file mapped shared, so that none is lost however the process ends, exec and SIGKILL included.
 *
 *   file    head page | chunk | chunk | ...      a chunk belongs to one lane: events in its order
 *   chunk   head (32 bytes) | event | event | ... | zeros
 *
 * The order of all events is that of their numbers, drawn from one counter. An event that ends a block's
 * life draws its number before the block is given back, one that starts a life after the block was got: so
 * an address is never live twice. A lane is a thread, or one after another: a thread that ends leaves its
 * lane to one that begins. A forked child is not recorded: the page that says so is wiped in it.
 */
#ifndef GILLOC_LAB_RECORD_LOG_H
#define GILLOC_LAB_RECORD_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum {
  GILLOC_RECORD_HEAD = 4096,
  GILLOC_RECORD_CHUNK = 262144,
  GILLOC_RECORD_KIND_BITS = 3,
  GILLOC_RECORD_PATH_MAX = 4096
};

enum gilloc_record_kind {
  GILLOC_RECORD_MALLOC,       /* address, size */
  GILLOC_RECORD_CALLOC,       /* address, count, size */
  GILLOC_RECORD_FREE,         /* address */
  GILLOC_RECORD_RESIZE_BEGIN, /* old address; the next event of the thread is its end */
  GILLOC_RECORD_RESIZE_END, /* new address, or 0 where it failed; size; 1 where the block was freed instead */
  GILLOC_RECORD_IMAGE       /* a program starts in the process: nothing of the one before it lives */
};

struct gilloc_record_event {
  uint64_t tag; /* number << KIND_BITS | kind; 0 until the event is whole. Numbers start at 1. */
  uint64_t address;
  uint64_t first;  /* size or count */
  uint64_t second; /* size, in CALLOC */
};

struct gilloc_record_chunk {
  uint64_t lane;      /* number + 1; 0: not begun */
  uint64_t idle_next; /* for the recorded process alone: a list of lanes without a thread */
  uint64_t idle_used;
  uint64_t unused;
  struct gilloc_record_event events[GILLOC_RECORD_CHUNK / sizeof(struct gilloc_record_event) - 1];
};

/* Written by the recorded process with atomic operations. */
struct gilloc_record_head {
  uint64_t events; /* numbers drawn */
  uint64_t chunks; /* drawn */
  uint64_t lanes;  /* numbers drawn */
  uint64_t lost;   /* nonzero errno: events were lost because of it */
};

/* What the command tells the recorder, in the environment. */
#define GILLOC_RECORD_FILE_VARIABLE "GILLOC_RECORD_FILE"
#define GILLOC_RECORD_PID_VARIABLE "GILLOC_RECORD_PID"

/* Starts recording if the environment says that this process is to be recorded. Never allocates. */
void gilloc_record_log_start(void);

/* Draws a number and writes an event of the calling thread; does nothing where nothing is recorded.
 * errno is preserved. Never allocates. The tag is filled in here. */
void gilloc_record_log_put(enum gilloc_record_kind kind, struct gilloc_record_event event);

#endif
