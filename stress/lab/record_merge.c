/* SPDX-License-Identifier: MIT
 *
 * record_merge.c: see record_merge.h. The chunks of one lane follow each other in the file, so a stream is
 * a list of chunks; a binary heap finds the stream whose next event has the lowest number.
 */
#include "record_merge.h"

#include "trace_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum {
  EVENTS_PER_CHUNK = sizeof((struct gilloc_record_chunk){0}).events / sizeof(struct gilloc_record_event)
};

static const char out_of_memory[] = "out of memory";

/* What is left of a lane's events. */
struct stream {
  uint64_t *chunks; /* their indexes */
  size_t count;
  size_t chunk; /* the current one */
  size_t event;
  uint32_t number;  /* in the trace; THREADS while it has none */
  uint64_t resized; /* the id of the block between RESIZE_BEGIN and RESIZE_END */
  uint64_t resized_from;
  bool is_resizing;
};

struct merge {
  const char *base; /* the mapped file */
  size_t length;
  struct stream *streams;
  size_t stream_count;
  size_t *heap; /* indexes of streams, the lowest tag first */
  size_t heap_count;
  bool taken[GILLOC_TRACE_THREADS];
  struct gilloc_trace_table ids; /* address -> id */
  uint64_t next_id;
  struct gilloc_trace_writer *writer;
  struct gilloc_record_summary *summary;
};

static const struct gilloc_record_chunk *chunk_at(const struct merge *merge, uint64_t index)
{
  size_t offset = GILLOC_RECORD_HEAD + (size_t)index * GILLOC_RECORD_CHUNK;
  bool whole = offset + GILLOC_RECORD_CHUNK <= merge->length;
  return whole ? (const struct gilloc_record_chunk *)(merge->base + offset) : NULL;
}

/* The stream's next event, or NULL at its end. */
static const struct gilloc_record_event *peek(const struct merge *merge, struct stream *stream)
{
  for (; stream->chunk < stream->count; stream->chunk++, stream->event = 0) {
    const struct gilloc_record_chunk *chunk = chunk_at(merge, stream->chunks[stream->chunk]);
    if (stream->event < EVENTS_PER_CHUNK && chunk->events[stream->event].tag != 0)
      return &chunk->events[stream->event];
  }
  return NULL;
}

/* ---- streams ---- */

static const char *add_chunk(struct merge *merge, uint64_t index, uint64_t lane)
{
  if (lane > merge->stream_count)
    return "the events are damaged";
  struct stream *stream = &merge->streams[lane - 1];
  if ((stream->count & (stream->count - 1)) == 0) {
    size_t room = stream->count ? stream->count * 2 : 1;
    uint64_t *chunks = realloc(stream->chunks, room * sizeof *chunks);
    if (!chunks)
      return out_of_memory;
    stream->chunks = chunks;
  }
  stream->chunks[stream->count++] = index;
  return NULL;
}

static const char *find_streams(struct merge *merge, const struct gilloc_record_head *head)
{
  merge->stream_count = head->lanes;
  merge->streams = calloc(merge->stream_count + 1, sizeof *merge->streams);
  merge->heap = calloc(merge->stream_count + 1, sizeof *merge->heap);
  if (!merge->streams || !merge->heap)
    return out_of_memory;
  for (size_t i = 0; i < merge->stream_count; i++)
    merge->streams[i].number = GILLOC_TRACE_THREADS;
  for (uint64_t i = 0; i < head->chunks; i++) {
    const struct gilloc_record_chunk *chunk = chunk_at(merge, i);
    const char *error = chunk && chunk->lane ? add_chunk(merge, i, chunk->lane) : NULL;
    if (error)
      return error;
  }
  return NULL;
}

/* ---- the heap ---- */

static uint64_t tag_of(const struct merge *merge, size_t place)
{
  return peek(merge, &merge->streams[merge->heap[place]])->tag;
}

static void swap(struct merge *merge, size_t a, size_t b)
{
  size_t kept = merge->heap[a];
  merge->heap[a] = merge->heap[b];
  merge->heap[b] = kept;
}

static void sink(struct merge *merge, size_t place)
{
  for (;;) {
    size_t least = place;
    for (size_t child = 2 * place + 1; child <= 2 * place + 2 && child < merge->heap_count; child++) {
      if (tag_of(merge, child) < tag_of(merge, least))
        least = child;
    }
    if (least == place)
      return;
    swap(merge, place, least);
    place = least;
  }
}

static void build_heap(struct merge *merge)
{
  for (size_t i = 0; i < merge->stream_count; i++) {
    if (peek(merge, &merge->streams[i]))
      merge->heap[merge->heap_count++] = i;
  }
  for (size_t i = merge->heap_count / 2; i-- > 0;)
    sink(merge, i);
}

/* ---- operations ---- */

static void write_op(struct merge *merge, const struct stream *stream, struct gilloc_trace_op op)
{
  op.thread = stream->number;
  gilloc_trace_write(merge->writer, &op);
  merge->summary->operations++;
}

static const char *begin_block(struct merge *merge, const struct stream *stream,
                               const struct gilloc_record_event *event)
{
  bool zeroed = (event->tag & ((1U << GILLOC_RECORD_KIND_BITS) - 1)) == GILLOC_RECORD_CALLOC;
  /* An address that is live has lost its end: it was freed past the recorder. */
  uint64_t *known = gilloc_trace_table_find(&merge->ids, event->address);
  if (known)
    write_op(merge, stream, (struct gilloc_trace_op){.kind = GILLOC_TRACE_FREE, .id = *known});
  if (known)
    *known = merge->next_id;
  else if (!gilloc_trace_table_put(&merge->ids, event->address, merge->next_id))
    return out_of_memory;
  write_op(merge, stream,
           (struct gilloc_trace_op){.kind = zeroed ? GILLOC_TRACE_CALLOC : GILLOC_TRACE_MALLOC,
                                    .id = merge->next_id++,
                                    .count = zeroed ? event->first : 1,
                                    .size = zeroed ? event->second : event->first});
  return NULL;
}

/* A block that the recorder has not seen begin is none of the trace's. */
static void end_block(struct merge *merge, const struct stream *stream, uint64_t address)
{
  const uint64_t *id = gilloc_trace_table_find(&merge->ids, address);
  if (!id)
    return;
  write_op(merge, stream, (struct gilloc_trace_op){.kind = GILLOC_TRACE_FREE, .id = *id});
  (void)gilloc_trace_table_remove(&merge->ids, address);
}

static void begin_resize(struct merge *merge, struct stream *stream, uint64_t address)
{
  const uint64_t *id = gilloc_trace_table_find(&merge->ids, address);
  stream->is_resizing = id != NULL;
  stream->resized = id ? *id : 0;
  stream->resized_from = address;
  if (id)
    (void)gilloc_trace_table_remove(&merge->ids, address);
}

static const char *end_resize(struct merge *merge, struct stream *stream,
                              const struct gilloc_record_event *event)
{
  bool was_freed = event->address == 0 && event->second != 0;
  bool failed = event->address == 0 && !was_freed;
  if (!stream->is_resizing)
    return failed || was_freed ? NULL : begin_block(merge, stream, event);
  stream->is_resizing = false;
  if (was_freed) {
    write_op(merge, stream, (struct gilloc_trace_op){.kind = GILLOC_TRACE_FREE, .id = stream->resized});
    return NULL;
  }
  if (!failed)
    write_op(
        merge, stream,
        (struct gilloc_trace_op){.kind = GILLOC_TRACE_REALLOC, .id = stream->resized, .size = event->first});
  uint64_t address = failed ? stream->resized_from : event->address;
  return gilloc_trace_table_put(&merge->ids, address, stream->resized) ? NULL : out_of_memory;
}

static int compare_ids(const void *a, const void *b)
{
  const uint64_t *x = a;
  const uint64_t *y = b;
  return (*x > *y) - (*x < *y);
}

/* Another program starts in the process: the memory of the one before it is gone. */
static const char *begin_image(struct merge *merge, const struct stream *stream)
{
  size_t count = 0;
  uint64_t *ids = malloc((merge->ids.count + 1) * sizeof *ids);
  if (!ids)
    return out_of_memory;
  for (size_t i = 0; i < merge->ids.capacity; i++) {
    if (merge->ids.entries[i].used)
      ids[count++] = merge->ids.entries[i].value;
  }
  qsort(ids, count, sizeof *ids, compare_ids);
  for (size_t i = 0; i < count; i++)
    write_op(merge, stream, (struct gilloc_trace_op){.kind = GILLOC_TRACE_FREE, .id = ids[i]});
  free(ids);
  gilloc_trace_table_clear(&merge->ids);
  return NULL;
}

static const char *take_event(struct merge *merge, struct stream *stream,
                              const struct gilloc_record_event *event)
{
  switch ((enum gilloc_record_kind)(event->tag & ((1U << GILLOC_RECORD_KIND_BITS) - 1))) {
  case GILLOC_RECORD_MALLOC:
  case GILLOC_RECORD_CALLOC:
    return begin_block(merge, stream, event);
  case GILLOC_RECORD_FREE:
    end_block(merge, stream, event->address);
    return NULL;
  case GILLOC_RECORD_RESIZE_BEGIN:
    begin_resize(merge, stream, event->address);
    return NULL;
  case GILLOC_RECORD_RESIZE_END:
    return end_resize(merge, stream, event);
  case GILLOC_RECORD_IMAGE:
    return begin_image(merge, stream);
  }
  return "the events are damaged";
}

/* ---- all of it ---- */

static bool give_number(struct merge *merge, struct stream *stream)
{
  uint32_t number = 0;
  while (number < GILLOC_TRACE_THREADS && merge->taken[number])
    number++;
  if (number == GILLOC_TRACE_THREADS)
    return false;
  merge->taken[number] = true;
  stream->number = number;
  if (number >= merge->summary->threads)
    merge->summary->threads = number + 1;
  return true;
}

static const char *merge_all(struct merge *merge)
{
  while (merge->heap_count > 0) {
    struct stream *stream = &merge->streams[merge->heap[0]];
    if (stream->number == GILLOC_TRACE_THREADS && !give_number(merge, stream))
      return "the program has more than 1024 threads at once";
    const char *error = take_event(merge, stream, peek(merge, stream));
    if (error)
      return error;
    stream->event++;
    if (!peek(merge, stream)) {
      merge->taken[stream->number] = false;
      merge->heap[0] = merge->heap[--merge->heap_count];
    }
    sink(merge, 0);
  }
  return NULL;
}

static void fini(struct merge *merge)
{
  for (size_t i = 0; merge->streams && i < merge->stream_count; i++)
    free(merge->streams[i].chunks);
  free(merge->streams);
  free(merge->heap);
  gilloc_trace_table_fini(&merge->ids);
}

const char *gilloc_record_merge(int file, struct gilloc_trace_writer *writer,
                                struct gilloc_record_summary *summary)
{
  struct stat status;
  *summary = (struct gilloc_record_summary){0};
  if (fstat(file, &status) != 0 || status.st_size < GILLOC_RECORD_HEAD)
    return NULL;
  size_t length = (size_t)status.st_size;
  const char *base = mmap(NULL, length, PROT_READ, MAP_SHARED, file, 0);
  if (base == MAP_FAILED)
    return "cannot map the events";
  const struct gilloc_record_head *head = (const struct gilloc_record_head *)base;
  struct merge merge = {.base = base, .length = length, .writer = writer, .summary = summary};
  summary->started = head->lanes > 0;
  summary->lost = head->lost;
  const char *error = find_streams(&merge, head);
  if (!error) {
    build_heap(&merge);
    error = merge_all(&merge);
  }
  fini(&merge);
  (void)munmap((void *)base, length);
  return error;
}
