/* SPDX-License-Identifier: MIT
 *
 * trace_writer.c: see trace_writer.h.
 */
#include "trace_writer.h"

#include <inttypes.h>
#include <string.h>

static void start_block(struct gilloc_trace_writer *writer)
{
  writer->thread = 0;
  writer->last_id = UINT64_MAX;
  writer->operations = 0;
  writer->used = 0;
}

static void write_block(struct gilloc_trace_writer *writer)
{
  unsigned char header[GILLOC_TRACE_BLOCK_HEADER_BYTES];
  gilloc_trace_put_u32(header, (uint32_t)writer->used);
  gilloc_trace_put_u32(header + 4, writer->operations);
  gilloc_trace_put_u32(header + 8,
                       gilloc_trace_crc(gilloc_trace_crc(0, header, 8), writer->payload, writer->used));
  (void)fwrite(header, 1, sizeof header, writer->out);
  (void)fwrite(writer->payload, 1, writer->used, writer->out);
  start_block(writer);
}

void gilloc_trace_writer_init(struct gilloc_trace_writer *writer, FILE *out, enum gilloc_trace_form form)
{
  writer->out = out;
  writer->form = form;
  start_block(writer);
  if (form == GILLOC_TRACE_TEXT) {
    (void)fputs("gilloc-trace 1\n", out);
    return;
  }
  unsigned char header[GILLOC_TRACE_HEADER_BYTES];
  memcpy(header, gilloc_trace_magic, sizeof gilloc_trace_magic);
  gilloc_trace_put_u32(header + 8, GILLOC_TRACE_VERSION);
  gilloc_trace_put_u32(header + 12, gilloc_trace_crc(0, header, 12));
  (void)fwrite(header, 1, sizeof header, out);
}

static void write_text(struct gilloc_trace_writer *writer, const struct gilloc_trace_op *op)
{
  FILE *out = writer->out;
  if (op->thread != writer->thread)
    (void)fprintf(out, "t %" PRIu32 "\n", op->thread);
  writer->thread = op->thread;
  char letter = gilloc_trace_letter(op->kind);
  if (op->kind == GILLOC_TRACE_STATISTICS)
    (void)fputs("s\n", out);
  else if (op->kind == GILLOC_TRACE_FREE)
    (void)fprintf(out, "f %" PRIu64 "\n", op->id);
  else if (op->kind == GILLOC_TRACE_CALLOC)
    (void)fprintf(out, "c %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", op->id, op->count, op->size);
  else
    (void)fprintf(out, "%c %" PRIu64 " %" PRIu64 "\n", letter, op->id, op->size);
}

static void put_byte(struct gilloc_trace_writer *writer, unsigned value)
{
  writer->payload[writer->used++] = (unsigned char)value;
}

static void put_varint(struct gilloc_trace_writer *writer, uint64_t value)
{
  for (; value > 127; value >>= 7)
    put_byte(writer, (unsigned)(value & 127) | 128);
  put_byte(writer, (unsigned)value);
}

static void put_id(struct gilloc_trace_writer *writer, const struct gilloc_trace_op *op)
{
  bool allocates = gilloc_trace_allocates(op->kind);
  bool is_next = allocates && op->id == writer->last_id + 1;
  put_byte(writer, op->kind | (is_next ? GILLOC_TRACE_NEXT : 0));
  if (!is_next)
    put_varint(writer, gilloc_trace_zigzag(op->id - writer->last_id - (allocates ? 1 : 0)));
  if (allocates)
    writer->last_id = op->id;
}

static void write_binary(struct gilloc_trace_writer *writer, const struct gilloc_trace_op *op)
{
  if (writer->used + 2 * GILLOC_TRACE_RECORD_MAX > GILLOC_TRACE_PAYLOAD_MAX)
    write_block(writer);
  if (op->thread != writer->thread) {
    put_byte(writer, GILLOC_TRACE_THREAD_RECORD);
    put_varint(writer, op->thread);
    writer->thread = op->thread;
  }
  writer->operations++;
  if (op->kind == GILLOC_TRACE_STATISTICS) {
    put_byte(writer, op->kind);
    return;
  }
  put_id(writer, op);
  if (op->kind == GILLOC_TRACE_CALLOC)
    put_varint(writer, op->count);
  if (op->kind != GILLOC_TRACE_FREE)
    put_varint(writer, op->size);
}

void gilloc_trace_write(struct gilloc_trace_writer *writer, const struct gilloc_trace_op *op)
{
  if (writer->form == GILLOC_TRACE_TEXT)
    write_text(writer, op);
  else
    write_binary(writer, op);
}

bool gilloc_trace_writer_finish(struct gilloc_trace_writer *writer)
{
  if (writer->form == GILLOC_TRACE_BINARY) {
    if (writer->used > 0)
      write_block(writer);
    write_block(writer);
  }
  return fflush(writer->out) == 0 && !ferror(writer->out);
}
