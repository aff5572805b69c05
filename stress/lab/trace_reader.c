/* SPDX-License-Identifier: MIT
 *
 * trace_reader.c: the input's buffer, and which form it is.
 */
#include "trace_reader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void gilloc_trace_reader_init(struct gilloc_trace_reader *reader, gilloc_trace_source *source, void *context)
{
  memset(reader, 0, offsetof(struct gilloc_trace_reader, input));
  reader->source = source;
  reader->context = context;
}

long gilloc_trace_read_file(void *context, void *into, size_t size)
{
  ssize_t got;
  do
    got = read(*(int *)context, into, size);
  while (got < 0 && errno == EINTR);
  return got;
}

int gilloc_trace_peek(struct gilloc_trace_reader *reader)
{
  if (reader->at < reader->end)
    return reader->input[reader->at];
  if (reader->failed)
    return -1;
  long got = reader->source(reader->context, reader->input, sizeof reader->input);
  reader->failed = got < 0;
  reader->failure = got < 0 ? errno : 0;
  reader->at = 0;
  reader->end = got > 0 ? (size_t)got : 0;
  return got > 0 ? reader->input[0] : -1;
}

bool gilloc_trace_take(struct gilloc_trace_reader *reader, unsigned char *into, size_t size, size_t *got)
{
  *got = 0;
  while (*got < size && gilloc_trace_peek(reader) >= 0) {
    size_t part = reader->end - reader->at;
    part = part < size - *got ? part : size - *got;
    memcpy(into + *got, reader->input + reader->at, part);
    reader->at += part;
    reader->offset += part;
    *got += part;
  }
  return *got == size;
}

static enum gilloc_trace_result refuse_head(struct gilloc_trace_reader *reader, int first)
{
  struct gilloc_trace_place start = {GILLOC_TRACE_BINARY, 0};
  const char *expected = "expected 'gilloc-trace 1' or the magic of a binary trace";
  if (first < 0)
    (void)gilloc_trace_error_set(&reader->error, start, "found the end, %s", expected);
  else
    (void)gilloc_trace_error_set(&reader->error, start, "found the byte 0x%02x, %s", (unsigned)first,
                                 expected);
  return GILLOC_TRACE_BAD;
}

static enum gilloc_trace_result open_form(struct gilloc_trace_reader *reader)
{
  int first = gilloc_trace_peek(reader);
  reader->opened = true;
  if (first == 'g') {
    reader->form = GILLOC_TRACE_TEXT;
    return gilloc_trace_text_open(reader);
  }
  reader->form = GILLOC_TRACE_BINARY;
  if (first == gilloc_trace_magic[0])
    return gilloc_trace_binary_open(reader);
  return refuse_head(reader, first);
}

enum gilloc_trace_result gilloc_trace_read(struct gilloc_trace_reader *reader, struct gilloc_trace_op *op)
{
  enum gilloc_trace_result result = reader->opened ? GILLOC_TRACE_OP : open_form(reader);
  if (result == GILLOC_TRACE_OP)
    result = reader->form == GILLOC_TRACE_TEXT ? gilloc_trace_text_read(reader, op)
                                               : gilloc_trace_binary_read(reader, op);
  if (!reader->failed)
    return result;
  struct gilloc_trace_place here = {reader->form,
                                    reader->form == GILLOC_TRACE_TEXT ? reader->line : reader->offset};
  (void)gilloc_trace_error_set(&reader->error, here, "cannot read on: %s", strerror(reader->failure));
  return GILLOC_TRACE_BAD;
}
