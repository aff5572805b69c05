/* SPDX-License-Identifier: MIT
 *
 * timeline_json.c: Chrome's trace event format, written and read. Times are microseconds with three decimals,
 * so no nanosecond is lost. Runs are processes 1, 2, ..., their threads 1, 2, ...; both are named before
 * anything happens in them, and a thread's events ascend. The reader insists on all of that: what it draws is
 * what the lab wrote.
 */
#include "message.h"
#include "timeline_file.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMA_VERSION = 1 };

static const char schema_name[] = "gilloc-timeline";
/* Above this a double no longer holds every nanosecond. */
static const double microseconds_max = 4e12;

static void put_string(FILE *out, const char *text)
{
  (void)fputc('"', out);
  for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
    if (*at < 0x20 || *at == '"' || *at == '\\')
      (void)fprintf(out, "\\u%04x", *at);
    else
      (void)fputc(*at, out);
  }
  (void)fputc('"', out);
}

static void put_us(FILE *out, const char *field, uint64_t ns)
{
  (void)fprintf(out, ",\"%s\":%" PRIu64 ".%03u", field, ns / 1000, (unsigned)(ns % 1000));
}

/* A track's place; every event begins with it. */
struct place {
  size_t process;
  size_t thread;
};

static void begin_event(FILE *out, const char *phase, struct place place)
{
  (void)fprintf(out, ",\n{\"ph\":\"%s\",\"pid\":%zu,\"tid\":%zu", phase, place.process, place.thread);
}

static void put_slice(FILE *out, struct place place, const struct gilloc_timeline_slice *slice)
{
  begin_event(out, "X", place);
  put_us(out, "ts", slice->from_ns);
  put_us(out, "dur", slice->to_ns - slice->from_ns);
  (void)fprintf(out, ",\"cat\":\"gil\",\"name\":\"%s\"}", gilloc_timeline_state_name(slice->state));
}

static void put_mark(FILE *out, struct place place, const struct gilloc_timeline_mark *mark)
{
  begin_event(out, "i", place);
  put_us(out, "ts", mark->at_ns);
  (void)fprintf(out, ",\"s\":\"t\",\"cat\":\"gil\",\"name\":\"%s\"}",
                gilloc_timeline_moment_name(mark->moment));
}

static void put_thread(FILE *out, struct place place, const struct gilloc_timeline_thread *thread)
{
  begin_event(out, "M", place);
  (void)fputs(",\"name\":\"thread_name\",\"args\":{\"name\":", out);
  put_string(out, thread->name);
  (void)fprintf(out, ",\"dropped_events\":%" PRIu64 "}}", thread->dropped);
  begin_event(out, "M", place);
  (void)fprintf(out, ",\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":%zu}}", place.thread);
  size_t mark = 0;
  for (size_t slice = 0; slice < thread->slice_count; slice++) {
    while (mark < thread->mark_count && thread->marks[mark].at_ns < thread->slices[slice].from_ns)
      put_mark(out, place, &thread->marks[mark++]);
    put_slice(out, place, &thread->slices[slice]);
  }
  while (mark < thread->mark_count)
    put_mark(out, place, &thread->marks[mark++]);
}

void gilloc_timeline_write_json(const struct gilloc_timeline_trace *trace, FILE *out)
{
  (void)fprintf(out,
                "{\"displayTimeUnit\":\"ms\",\n\"otherData\":{\"schema\":\"%s\",\"version\":%d,"
                "\"gilloc\":\"%s\"},\n\"traceEvents\":[\n",
                schema_name, SCHEMA_VERSION, GILLOC_DRIVER_VERSION);
  (void)fputs(
      "{\"ph\":\"M\",\"pid\":0,\"tid\":0,\"name\":\"process_name\",\"args\":{\"name\":\"gilloc lab\"}}", out);
  for (size_t i = 0; i < trace->count; i++) {
    const struct gilloc_timeline_run *run = &trace->runs[i];
    begin_event(out, "M", (struct place){i + 1, 0});
    (void)fputs(",\"name\":\"process_name\",\"args\":{\"name\":", out);
    put_string(out, run->name);
    put_us(out, "length_us", run->length_ns);
    (void)fputs("}}", out);
    for (size_t t = 0; t < run->count; t++)
      put_thread(out, (struct place){i + 1, t + 1}, &run->threads[t]);
  }
  (void)fputs("\n]}\n", out);
}

/* The file on its way into a trace. */
struct reader {
  const char *path;
  size_t event; /* its number, from 0 */
  struct gilloc_timeline_trace trace;
};

__attribute__((format(printf, 2, 3))) _Noreturn static void refuse(const struct reader *reader,
                                                                   const char *format, ...)
{
  char *what = NULL;
  va_list values;
  va_start(values, format);
  if (vasprintf(&what, format, values) < 0)
    gilloc_message_need(NULL);
  va_end(values);
  gilloc_message_refuse("timeline: '%s': event %zu: %s", reader->path, reader->event, what);
}

static size_t take_number(const struct reader *reader, const json_t *event, const char *field)
{
  const json_t *value = json_object_get(event, field);
  if (!json_is_integer(value) || json_integer_value(value) < 0)
    refuse(reader, "'%s' is not a whole number from 0", field);
  return (size_t)json_integer_value(value);
}

static uint64_t take_us(const struct reader *reader, const json_t *object, const char *field)
{
  const json_t *value = json_object_get(object, field);
  double us = json_number_value(value);
  if (!json_is_number(value) || !(us >= 0 && us <= microseconds_max))
    refuse(reader, "'%s' is not a time from 0 to %.0f us", field, microseconds_max);
  return (uint64_t)llround(us * 1000);
}

static char *take_name(const struct reader *reader, const json_t *object)
{
  const char *name = json_string_value(json_object_get(object, "name"));
  if (!name)
    refuse(reader, "'name' is not a text");
  return gilloc_message_need(strdup(name));
}

static struct gilloc_timeline_run *find_run(const struct reader *reader, const json_t *event)
{
  size_t process = take_number(reader, event, "pid");
  if (process == 0 || process > reader->trace.count)
    refuse(reader, "process %zu has no name yet", process);
  return &reader->trace.runs[process - 1];
}

static struct gilloc_timeline_thread *find_thread(const struct reader *reader, const json_t *event)
{
  struct gilloc_timeline_run *run = find_run(reader, event);
  size_t thread = take_number(reader, event, "tid");
  if (thread == 0 || thread > run->count)
    refuse(reader, "thread %zu has no name yet", thread);
  return &run->threads[thread - 1];
}

static void take_process(struct reader *reader, const json_t *event)
{
  const json_t *arguments = json_object_get(event, "args");
  size_t process = take_number(reader, event, "pid");
  if (process == 0) /* the lab itself */
    return;
  if (process != reader->trace.count + 1)
    refuse(reader, "process %zu where %zu comes next", process, reader->trace.count + 1);
  struct gilloc_timeline_run *run = gilloc_timeline_add_run(&reader->trace, take_name(reader, arguments));
  run->length_ns = take_us(reader, arguments, "length_us");
}

static void take_thread(struct reader *reader, const json_t *event)
{
  const json_t *arguments = json_object_get(event, "args");
  struct gilloc_timeline_run *run = find_run(reader, event);
  size_t thread = take_number(reader, event, "tid");
  if (thread != run->count + 1)
    refuse(reader, "thread %zu where %zu comes next", thread, run->count + 1);
  struct gilloc_timeline_thread *added = gilloc_timeline_add_thread(run, take_name(reader, arguments));
  added->dropped = take_number(reader, arguments, "dropped_events");
}

static void take_slice(const struct reader *reader, const json_t *event, const char *name)
{
  struct gilloc_timeline_thread *thread = find_thread(reader, event);
  uint64_t end_ns = thread->slice_count > 0 ? thread->slices[thread->slice_count - 1].to_ns : 0;
  struct gilloc_timeline_slice slice = {.from_ns = take_us(reader, event, "ts")};
  slice.to_ns = slice.from_ns + take_us(reader, event, "dur");
  if (slice.from_ns < end_ns)
    refuse(reader, "begins before the slice before it ends");
  if (slice.to_ns > find_run(reader, event)->length_ns)
    refuse(reader, "ends after its process");
  slice.state = GILLOC_TIMELINE_RUNNING;
  while (slice.state < GILLOC_TIMELINE_STATES && strcmp(name, gilloc_timeline_state_name(slice.state)) != 0)
    slice.state++;
  if (slice.state == GILLOC_TIMELINE_STATES)
    refuse(reader, "'%s' is nothing that a thread does", name);
  gilloc_timeline_add_slice(thread, slice);
}

static void take_mark(const struct reader *reader, const json_t *event, const char *name)
{
  struct gilloc_timeline_thread *thread = find_thread(reader, event);
  struct gilloc_timeline_mark mark = {.at_ns = take_us(reader, event, "ts")};
  if (thread->mark_count > 0 && mark.at_ns < thread->marks[thread->mark_count - 1].at_ns)
    refuse(reader, "is earlier than the instant before it");
  while (mark.moment < GILLOC_TIMELINE_MOMENTS && strcmp(name, gilloc_timeline_moment_name(mark.moment)) != 0)
    mark.moment++;
  if (mark.moment == GILLOC_TIMELINE_MOMENTS)
    refuse(reader, "'%s' is no instant of the GIL", name);
  gilloc_timeline_add_mark(thread, mark);
}

static void take_event(struct reader *reader, const json_t *event)
{
  const char *phase = json_string_value(json_object_get(event, "ph"));
  const char *name = json_string_value(json_object_get(event, "name"));
  if (!phase || !name)
    refuse(reader, "has no 'ph' or no 'name'");
  if (strcmp(phase, "X") == 0)
    take_slice(reader, event, name);
  else if (strcmp(phase, "i") == 0)
    take_mark(reader, event, name);
  else if (strcmp(phase, "M") == 0 && strcmp(name, "process_name") == 0)
    take_process(reader, event);
  else if (strcmp(phase, "M") == 0 && strcmp(name, "thread_name") == 0)
    take_thread(reader, event);
  else if (strcmp(phase, "M") != 0)
    refuse(reader, "phase '%s' where X, i or M were expected", phase);
}

static void check_schema(const char *path, const json_t *document)
{
  const json_t *other = json_object_get(document, "otherData");
  const char *schema = json_string_value(json_object_get(other, "schema"));
  if (!schema || strcmp(schema, schema_name) != 0 || !json_is_array(json_object_get(document, "traceEvents")))
    gilloc_message_refuse("timeline: '%s' is no trace of `gilloc lab --timeline FILE.json`", path);
  if (json_integer_value(json_object_get(other, "version")) != SCHEMA_VERSION)
    gilloc_message_refuse("timeline: '%s' is of another version; this command reads version %d", path,
                          SCHEMA_VERSION);
}

struct gilloc_timeline_trace gilloc_timeline_read_json(const char *path)
{
  json_error_t error;
  struct reader reader = {.path = path};
  json_t *document = json_load_file(path, 0, &error);
  if (!document && error.line < 0)
    gilloc_message_refuse("timeline: cannot read '%s': %s", path, error.text);
  if (!document)
    gilloc_message_refuse("timeline: '%s' is not JSON: line %d: %s", path, error.line, error.text);
  check_schema(path, document);
  const json_t *events = json_object_get(document, "traceEvents");
  for (; reader.event < json_array_size(events); reader.event++)
    take_event(&reader, json_array_get(events, reader.event));
  json_decref(document);
  return reader.trace;
}
