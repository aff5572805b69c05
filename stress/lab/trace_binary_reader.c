/* SPDX-License-Identifier: MIT
 *
 * trace_binary_reader.c: the binary form, a verified block at a time.
 */
#include "trace_reader.h"

#include <inttypes.h>
#include <string.h>

static struct gilloc_trace_place at_offset(uint64_t offset)
{
  return (struct gilloc_trace_place){GILLOC_TRACE_BINARY, offset};
}

/* The input ended too early. */
static enum gilloc_trace_result refuse_end(struct gilloc_trace_reader *reader, const char *what)
{
  (void)gilloc_trace_error_set(&reader->error, at_offset(reader->offset), "found the end, expected %s", what);
  return GILLOC_TRACE_BAD;
}

static enum gilloc_trace_result refuse_crc(struct gilloc_trace_reader *reader, uint64_t offset,
                                           const uint32_t found_expected[2])
{
  (void)gilloc_trace_error_set(&reader->error, at_offset(offset),
                               "found the checksum 0x%08" PRIx32 ", expected 0x%08" PRIx32
                               ": the bytes are damaged",
                               found_expected[0], found_expected[1]);
  return GILLOC_TRACE_BAD;
}

enum gilloc_trace_result gilloc_trace_binary_open(struct gilloc_trace_reader *reader)
{
  unsigned char header[GILLOC_TRACE_HEADER_BYTES];
  size_t got;
  if (!gilloc_trace_take(reader, header, sizeof header, &got))
    return refuse_end(reader, "a header of 16 bytes");
  if (memcmp(header, gilloc_trace_magic, sizeof gilloc_trace_magic) != 0) {
    (void)gilloc_trace_error_set(&reader->error, at_offset(0),
                                 "found other bytes, expected the magic of a binary trace");
    return GILLOC_TRACE_BAD;
  }
  uint32_t crc[2] = {gilloc_trace_get_u32(header + 12), gilloc_trace_crc(0, header, 12)};
  if (crc[0] != crc[1])
    return refuse_crc(reader, 12, crc);
  uint32_t version = gilloc_trace_get_u32(header + 8);
  if (version == GILLOC_TRACE_VERSION)
    return GILLOC_TRACE_OP;
  (void)gilloc_trace_error_set(&reader->error, at_offset(8), "found version %" PRIu32 ", expected version %d",
                               version, GILLOC_TRACE_VERSION);
  return GILLOC_TRACE_BAD;
}

/* The payload of a block whose header says `length` bytes. */
static enum gilloc_trace_result read_payload(struct gilloc_trace_reader *reader, const unsigned char *header,
                                             uint32_t length)
{
  uint64_t start = reader->offset - GILLOC_TRACE_BLOCK_HEADER_BYTES;
  size_t got;
  reader->block_offset = reader->offset;
  if (!gilloc_trace_take(reader, reader->payload, length, &got))
    return refuse_end(reader, "the rest of a block");
  uint32_t crc[2] = {gilloc_trace_get_u32(header + 8),
                     gilloc_trace_crc(gilloc_trace_crc(0, header, 8), reader->payload, length)};
  if (crc[0] != crc[1])
    return refuse_crc(reader, start + 8, crc);
  reader->payload_at = 0;
  reader->payload_end = length;
  reader->operations = gilloc_trace_get_u32(header + 4);
  reader->thread = 0;
  reader->last_id = UINT64_MAX;
  return GILLOC_TRACE_OP;
}

static enum gilloc_trace_result read_block(struct gilloc_trace_reader *reader)
{
  unsigned char header[GILLOC_TRACE_BLOCK_HEADER_BYTES];
  uint64_t start = reader->offset;
  size_t got;
  if (!gilloc_trace_take(reader, header, sizeof header, &got))
    return refuse_end(reader, "a block's header of 12 bytes");
  uint32_t length = gilloc_trace_get_u32(header);
  if (length > GILLOC_TRACE_PAYLOAD_MAX) {
    (void)gilloc_trace_error_set(&reader->error, at_offset(start),
                                 "found a block of %" PRIu32 " bytes, expected at most %d", length,
                                 GILLOC_TRACE_PAYLOAD_MAX);
    return GILLOC_TRACE_BAD;
  }
  enum gilloc_trace_result result = read_payload(reader, header, length);
  if (result != GILLOC_TRACE_OP || length > 0)
    return result;
  if (reader->operations == 0 && gilloc_trace_peek(reader) < 0)
    return GILLOC_TRACE_END;
  (void)gilloc_trace_error_set(&reader->error, at_offset(reader->offset), "found %s, expected %s",
                               reader->operations ? "an empty block that counts operations" : "more bytes",
                               reader->operations ? "the last block" : "the end of the file");
  return GILLOC_TRACE_BAD;
}

/* A varint of the payload; false where there is none in its shortest form. */
static bool get_varint(struct gilloc_trace_reader *reader, uint64_t *value)
{
  *value = 0;
  for (unsigned shift = 0; shift < 64 && reader->payload_at < reader->payload_end; shift += 7) {
    unsigned char byte = reader->payload[reader->payload_at++];
    if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0))
      return false;
    *value |= (uint64_t)(byte & 127) << shift;
    if (byte < 128)
      return true;
  }
  return false;
}

static enum gilloc_trace_result refuse_record(struct gilloc_trace_reader *reader, size_t record,
                                              const char *expected)
{
  unsigned found = record < reader->payload_end ? reader->payload[record] : 0;
  (void)gilloc_trace_error_set(&reader->error, at_offset(reader->block_offset + record),
                               "found a record that begins with 0x%02x, expected %s", found, expected);
  return GILLOC_TRACE_BAD;
}

/* The rest of an operation's record behind its first byte. */
static bool get_op(struct gilloc_trace_reader *reader, unsigned char first, struct gilloc_trace_op *op)
{
  op->kind = (enum gilloc_trace_kind)(first & GILLOC_TRACE_KIND_MASK);
  op->thread = reader->thread;
  op->id = op->size = 0;
  op->count = 1;
  if (op->kind == GILLOC_TRACE_STATISTICS)
    return true;
  bool allocates = gilloc_trace_allocates(op->kind);
  uint64_t code = 0;
  if (!(first & GILLOC_TRACE_NEXT) && !get_varint(reader, &code))
    return false;
  op->id = reader->last_id + (allocates ? 1 : 0) + gilloc_trace_unzigzag(code);
  if (allocates)
    reader->last_id = op->id;
  if (op->kind == GILLOC_TRACE_CALLOC && !get_varint(reader, &op->count))
    return false;
  return op->kind == GILLOC_TRACE_FREE || get_varint(reader, &op->size);
}

/* The next operation of the block; END where only thread records were left, or nothing. */
static enum gilloc_trace_result read_record(struct gilloc_trace_reader *reader, struct gilloc_trace_op *op)
{
  while (reader->payload_at < reader->payload_end) {
    size_t record = reader->payload_at;
    unsigned char first = reader->payload[reader->payload_at++];
    unsigned kind = first & GILLOC_TRACE_KIND_MASK;
    unsigned flags = first & (unsigned)~GILLOC_TRACE_KIND_MASK;
    bool may_be_next = gilloc_trace_allocates((enum gilloc_trace_kind)kind);
    if (kind > GILLOC_TRACE_THREAD_RECORD || (flags && !(flags == GILLOC_TRACE_NEXT && may_be_next)))
      return refuse_record(reader, record, "m, c, r, f, s or t");
    if (kind == GILLOC_TRACE_THREAD_RECORD) {
      uint64_t thread;
      if (!get_varint(reader, &thread) || thread >= GILLOC_TRACE_THREADS)
        return refuse_record(reader, record, "a thread number from 0 to 1023");
      reader->thread = (uint32_t)thread;
      continue;
    }
    if (reader->operations == 0)
      return refuse_record(reader, record, "the end of the block, whose operations were all read");
    if (!get_op(reader, first, op))
      return refuse_record(reader, record, "numbers in their shortest form within the block");
    reader->operations--;
    op->place = at_offset(reader->block_offset + record);
    return GILLOC_TRACE_OP;
  }
  if (reader->operations == 0)
    return GILLOC_TRACE_END;
  return refuse_record(reader, reader->payload_end, "more operations in the block");
}

enum gilloc_trace_result gilloc_trace_binary_read(struct gilloc_trace_reader *reader,
                                                  struct gilloc_trace_op *op)
{
  for (;;) {
    enum gilloc_trace_result result = read_record(reader, op);
    if (result != GILLOC_TRACE_END)
      return result;
    result = read_block(reader);
    if (result != GILLOC_TRACE_OP)
      return result;
  }
}
