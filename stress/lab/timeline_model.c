/* SPDX-License-Identifier: MIT
 *
 * timeline_model.c: from a thread's events to what it was doing.
 *
 *               REQUEST              ACQUIRE              RELEASE
 *   outside ---------------> waiting --------> running ------------> outside, or blocked within a region
 *      ^                                        |   ^
 *      | BLOCKING_LEAVE            FORCED_DROP  v   | ACQUIRE
 *   blocked                                    forced (a REQUEST changes nothing)
 */
#include "timeline_model.h"

#include "message.h"
#include "timeline_wire.h"

#include <gilloc/timeline.h>

#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = {[GILLOC_TIMELINE_OUTSIDE] = "outside",
                                          [GILLOC_TIMELINE_RUNNING] = "running",
                                          [GILLOC_TIMELINE_WAITING] = "waiting for the GIL",
                                          [GILLOC_TIMELINE_BLOCKED] = "blocking call",
                                          [GILLOC_TIMELINE_FORCED] = "forced off"};

static const char *const moment_names[] = {[GILLOC_TIMELINE_ASKED] = "drop request",
                                           [GILLOC_TIMELINE_OBEYED] = "checkpoint obeyed",
                                           [GILLOC_TIMELINE_FORCED_OFF] = "forced drop"};

const char *gilloc_timeline_state_name(enum gilloc_timeline_state state)
{
  return state_names[state];
}

const char *gilloc_timeline_moment_name(enum gilloc_timeline_moment moment)
{
  return moment_names[moment];
}

/* The array with room for one element more; it grows by doubling. */
static void *grow(void *array, size_t count, size_t size)
{
  if (count > 0 && (count & (count - 1)) != 0)
    return array;
  return gilloc_message_need(reallocarray(array, count == 0 ? 1 : 2 * count, size));
}

struct gilloc_timeline_run *gilloc_timeline_add_run(struct gilloc_timeline_trace *trace, char *name)
{
  trace->runs = grow(trace->runs, trace->count, sizeof *trace->runs);
  struct gilloc_timeline_run *run = &trace->runs[trace->count++];
  *run = (struct gilloc_timeline_run){.name = name};
  return run;
}

struct gilloc_timeline_thread *gilloc_timeline_add_thread(struct gilloc_timeline_run *run, char *name)
{
  run->threads = grow(run->threads, run->count, sizeof *run->threads);
  struct gilloc_timeline_thread *thread = &run->threads[run->count++];
  *thread = (struct gilloc_timeline_thread){.name = name};
  return thread;
}

void gilloc_timeline_add_slice(struct gilloc_timeline_thread *thread, struct gilloc_timeline_slice slice)
{
  struct gilloc_timeline_slice *last =
      thread->slice_count > 0 ? &thread->slices[thread->slice_count - 1] : NULL;
  if (slice.from_ns >= slice.to_ns)
    return;
  if (last != NULL && last->state == slice.state && last->to_ns == slice.from_ns) {
    last->to_ns = slice.to_ns;
    return;
  }
  thread->slices = grow(thread->slices, thread->slice_count, sizeof *thread->slices);
  thread->slices[thread->slice_count++] = slice;
}

void gilloc_timeline_add_mark(struct gilloc_timeline_thread *thread, struct gilloc_timeline_mark mark)
{
  thread->marks = grow(thread->marks, thread->mark_count, sizeof *thread->marks);
  thread->marks[thread->mark_count++] = mark;
}

static void run_fini(struct gilloc_timeline_run *run)
{
  for (size_t i = 0; i < run->count; i++) {
    free(run->threads[i].name);
    free(run->threads[i].slices);
    free(run->threads[i].marks);
  }
  free(run->threads);
  free(run->name);
}

void gilloc_timeline_fini(struct gilloc_timeline_trace *trace)
{
  for (size_t i = 0; i < trace->count; i++)
    run_fini(&trace->runs[i]);
  free(trace->runs);
  *trace = (struct gilloc_timeline_trace){NULL, 0};
}

/* A thread on its way through its events. Times outside of the window are moved to its edges, where what
 * they bound is empty. */
struct reader {
  struct gilloc_timeline_thread *thread;
  struct gilloc_timeline_wire_head head;
  enum gilloc_timeline_state state;
  uint64_t since_ns;
  bool in_region;
};

static uint64_t clip(const struct gilloc_timeline_wire_head *head, uint64_t at_ns)
{
  uint64_t after_ns = at_ns < head->start_ns ? 0 : at_ns - head->start_ns;
  return after_ns < head->length_ns ? after_ns : head->length_ns;
}

static void change_state(struct reader *reader, enum gilloc_timeline_state state, uint64_t at_ns)
{
  if (reader->state != GILLOC_TIMELINE_OUTSIDE)
    gilloc_timeline_add_slice(reader->thread,
                              (struct gilloc_timeline_slice){reader->since_ns, at_ns, reader->state});
  reader->state = state;
  reader->since_ns = at_ns;
}

static void mark(const struct reader *reader, enum gilloc_timeline_moment moment, uint64_t at_ns)
{
  if (at_ns > 0 && at_ns < reader->head.length_ns)
    gilloc_timeline_add_mark(reader->thread, (struct gilloc_timeline_mark){at_ns, moment});
}

static void take_event(struct reader *reader, enum gilloc_timeline_kind kind, uint64_t at_ns)
{
  switch (kind) {
  case GILLOC_TIMELINE_REQUEST:
    if (reader->state != GILLOC_TIMELINE_FORCED)
      change_state(reader, GILLOC_TIMELINE_WAITING, at_ns);
    break;
  case GILLOC_TIMELINE_ACQUIRE:
    change_state(reader, GILLOC_TIMELINE_RUNNING, at_ns);
    break;
  case GILLOC_TIMELINE_RELEASE:
    change_state(reader, reader->in_region ? GILLOC_TIMELINE_BLOCKED : GILLOC_TIMELINE_OUTSIDE, at_ns);
    break;
  case GILLOC_TIMELINE_FORCED_DROP:
    mark(reader, GILLOC_TIMELINE_FORCED_OFF, at_ns);
    change_state(reader, GILLOC_TIMELINE_FORCED, at_ns);
    break;
  case GILLOC_TIMELINE_DROP_REQUEST:
    mark(reader, GILLOC_TIMELINE_ASKED, at_ns);
    break;
  case GILLOC_TIMELINE_BLOCKING_ENTER:
    reader->in_region = true;
    break;
  case GILLOC_TIMELINE_BLOCKING_LEAVE:
    reader->in_region = false;
    change_state(reader, GILLOC_TIMELINE_OUTSIDE, at_ns);
    break;
  case GILLOC_TIMELINE_CHECKPOINT:
    mark(reader, GILLOC_TIMELINE_OBEYED, at_ns);
    break;
  }
}

static bool read_whole(FILE *file, void *into, size_t size)
{
  return fread(into, size, 1, file) == 1;
}

static bool read_thread(struct gilloc_timeline_run *run, const struct gilloc_timeline_wire_head *head,
                        FILE *file)
{
  struct gilloc_timeline_wire_thread from;
  struct gilloc_timeline_wire_event event;
  if (!read_whole(file, &from, sizeof from))
    return false;
  from.name[sizeof from.name - 1] = '\0';
  struct gilloc_timeline_thread *thread =
      gilloc_timeline_add_thread(run, gilloc_message_need(strdup(from.name)));
  thread->dropped = from.dropped;
  struct reader reader = {.thread = thread, .head = *head};
  for (uint64_t i = 0; i < from.count; i++) {
    if (!read_whole(file, &event, sizeof event) || event.kind >= GILLOC_TIMELINE_KINDS)
      return false;
    take_event(&reader, (enum gilloc_timeline_kind)event.kind, clip(head, event.at_ns));
  }
  change_state(&reader, GILLOC_TIMELINE_OUTSIDE, head->length_ns);
  return true;
}

bool gilloc_timeline_add_worker(struct gilloc_timeline_trace *trace, const char *cell, FILE *file)
{
  struct gilloc_timeline_wire_head head;
  struct gilloc_timeline_run *run = gilloc_timeline_add_run(trace, NULL);
  bool good = read_whole(file, &head, sizeof head) && head.magic == gilloc_timeline_wire_magic;
  if (good) {
    head.guard[sizeof head.guard - 1] = '\0';
    run->name = gilloc_message_format("%s, %s", cell, head.guard);
    run->length_ns = head.length_ns;
  }
  for (uint64_t i = 0; good && i < head.threads; i++)
    good = read_thread(run, &head, file);
  if (!good || run->count == 0) {
    run_fini(run);
    trace->count--;
  }
  return good;
}
