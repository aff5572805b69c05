/* SPDX-License-Identifier: MIT
 *
 * timeline_perfetto.c: Perfetto's protobuf, encoded by hand. The fields used, by name and number, from
 * Perfetto's trace_packet.proto, track_descriptor.proto and track_event.proto:
 *
 *   Trace            packet 1
 *   TracePacket      timestamp 8 (ns), trusted_packet_sequence_id 10, track_event 11, track_descriptor 60
 *   TrackDescriptor  uuid 1, process 3 {pid 1, process_name 6}, thread 4 {pid 1, tid 2, thread_name 5},
 *                    parent_uuid 5
 *   TrackEvent       type 9 (1 begin, 2 end, 3 instant), track_uuid 11, categories 22, name 23
 */
#include "message.h"
#include "timeline_file.h"

#include <stdlib.h>
#include <string.h>

enum { TRACE_PACKET = 1 };
enum { PACKET_TIMESTAMP = 8, PACKET_SEQUENCE = 10, PACKET_EVENT = 11, PACKET_DESCRIPTOR = 60 };
enum { TRACK_UUID = 1, TRACK_PROCESS = 3, TRACK_THREAD = 4, TRACK_PARENT = 5 };
enum { PROCESS_PID = 1, PROCESS_NAME = 6 };
enum { THREAD_PID = 1, THREAD_TID = 2, THREAD_NAME = 5 };
enum { EVENT_TYPE = 9, EVENT_TRACK = 11, EVENT_CATEGORY = 22, EVENT_NAME = 23 };
enum { TYPE_BEGIN = 1, TYPE_END = 2, TYPE_INSTANT = 3 };
enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

/* More threads than a run can have; tids are unique in the whole trace. */
enum { TIDS_A_PROCESS = 1000 };

struct bytes {
  unsigned char *data;
  size_t length;
  size_t room;
};

static void put_byte(struct bytes *bytes, unsigned char byte)
{
  if (bytes->length == bytes->room) {
    bytes->room = bytes->room ? 2 * bytes->room : 128;
    bytes->data = gilloc_message_need(realloc(bytes->data, bytes->room));
  }
  bytes->data[bytes->length++] = byte;
}

static void put_varint(struct bytes *bytes, uint64_t value)
{
  for (; value >= 0x80; value >>= 7)
    put_byte(bytes, (unsigned char)(value | 0x80));
  put_byte(bytes, (unsigned char)value);
}

static void put_number(struct bytes *bytes, unsigned field, uint64_t value)
{
  put_varint(bytes, field << 3 | WIRE_VARINT);
  put_varint(bytes, value);
}

static void put_bytes(struct bytes *bytes, unsigned field, const void *data, size_t length)
{
  put_varint(bytes, field << 3 | WIRE_BYTES);
  put_varint(bytes, length);
  for (size_t i = 0; i < length; i++)
    put_byte(bytes, ((const unsigned char *)data)[i]);
}

static void put_text(struct bytes *bytes, unsigned field, const char *text)
{
  put_bytes(bytes, field, text, strlen(text));
}

/* Puts a message into another and empties it. */
static void put_message(struct bytes *bytes, unsigned field, struct bytes *message)
{
  put_bytes(bytes, field, message->data, message->length);
  message->length = 0;
}

/* Three messages deep at most: their buffers are used again and again. */
struct writer {
  FILE *out;
  struct bytes packet;
  struct bytes outer; /* in the packet */
  struct bytes inner; /* in the outer */
  struct bytes whole; /* the packet as a field of the trace */
};

/* `field` of the packet is what `outer` holds. */
static void flush_packet(struct writer *writer, unsigned field)
{
  put_number(&writer->packet, PACKET_SEQUENCE, 1);
  put_message(&writer->packet, field, &writer->outer);
  put_message(&writer->whole, TRACE_PACKET, &writer->packet);
  (void)fwrite(writer->whole.data, 1, writer->whole.length, writer->out);
  writer->whole.length = 0;
}

static uint64_t process_uuid(size_t process)
{
  return (uint64_t)process * TIDS_A_PROCESS;
}

static void describe_process(struct writer *writer, const struct gilloc_timeline_run *run, size_t process)
{
  put_number(&writer->outer, TRACK_UUID, process_uuid(process));
  put_number(&writer->inner, PROCESS_PID, process);
  put_text(&writer->inner, PROCESS_NAME, run->name);
  put_message(&writer->outer, TRACK_PROCESS, &writer->inner);
  flush_packet(writer, PACKET_DESCRIPTOR);
}

static void describe_thread(struct writer *writer, const char *name, uint64_t uuid)
{
  put_number(&writer->outer, TRACK_UUID, uuid);
  put_number(&writer->outer, TRACK_PARENT, uuid - uuid % TIDS_A_PROCESS);
  put_number(&writer->inner, THREAD_PID, uuid / TIDS_A_PROCESS);
  put_number(&writer->inner, THREAD_TID, uuid);
  put_text(&writer->inner, THREAD_NAME, name);
  put_message(&writer->outer, TRACK_THREAD, &writer->inner);
  flush_packet(writer, PACKET_DESCRIPTOR);
}

/* The end of a slice has no name. */
struct happening {
  uint64_t at_ns;
  unsigned type;
  const char *name;
};

static void put_event(struct writer *writer, uint64_t uuid, struct happening happening)
{
  put_number(&writer->packet, PACKET_TIMESTAMP, happening.at_ns);
  put_number(&writer->outer, EVENT_TYPE, happening.type);
  put_number(&writer->outer, EVENT_TRACK, uuid);
  if (happening.name) {
    put_text(&writer->outer, EVENT_CATEGORY, "gil");
    put_text(&writer->outer, EVENT_NAME, happening.name);
  }
  flush_packet(writer, PACKET_EVENT);
}

/* The instants before `end_ns`, from the one of that number on; the number of the next. */
static size_t put_marks(struct writer *writer, const struct gilloc_timeline_thread *thread, uint64_t uuid,
                        const size_t from_mark, uint64_t end_ns)
{
  size_t mark = from_mark;
  for (; mark < thread->mark_count && thread->marks[mark].at_ns < end_ns; mark++)
    put_event(writer, uuid,
              (struct happening){thread->marks[mark].at_ns, TYPE_INSTANT,
                                 gilloc_timeline_moment_name(thread->marks[mark].moment)});
  return mark;
}

static void put_thread(struct writer *writer, const struct gilloc_timeline_thread *thread, uint64_t uuid)
{
  size_t mark = 0;
  describe_thread(writer, thread->name, uuid);
  for (size_t i = 0; i < thread->slice_count; i++) {
    const struct gilloc_timeline_slice *slice = &thread->slices[i];
    mark = put_marks(writer, thread, uuid, mark, slice->from_ns);
    put_event(writer, uuid,
              (struct happening){slice->from_ns, TYPE_BEGIN, gilloc_timeline_state_name(slice->state)});
    mark = put_marks(writer, thread, uuid, mark, slice->to_ns);
    put_event(writer, uuid, (struct happening){slice->to_ns, TYPE_END, NULL});
  }
  (void)put_marks(writer, thread, uuid, mark, UINT64_MAX);
}

void gilloc_timeline_write_perfetto(const struct gilloc_timeline_trace *trace, FILE *out)
{
  struct writer writer = {.out = out};
  for (size_t i = 0; i < trace->count; i++) {
    describe_process(&writer, &trace->runs[i], i + 1);
    for (size_t t = 0; t < trace->runs[i].count; t++)
      put_thread(&writer, &trace->runs[i].threads[t], process_uuid(i + 1) + t + 1);
  }
  free(writer.packet.data);
  free(writer.outer.data);
  free(writer.inner.data);
  free(writer.whole.data);
}
