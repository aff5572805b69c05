/* SPDX-License-Identifier: MIT
 *
 * fuzz_trace.c: any bytes, read as a trace: no crash, no hang, and what was accepted can be written in both
 * forms and read again as the same operations. For libFuzzer.
 */
#include "trace_checker.h"
#include "trace_reader.h"
#include "trace_writer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
  const uint8_t *data;
  size_t left;
};

static long read_bytes(void *context, void *into, size_t size)
{
  struct bytes *bytes = context;
  size_t part = bytes->left < size ? bytes->left : size;
  if (part > 0)
    memcpy(into, bytes->data, part);
  bytes->data += part;
  bytes->left -= part;
  return (long)part;
}

static struct gilloc_trace_reader reader;
static struct gilloc_trace_reader other;

static bool are_equal(const struct gilloc_trace_op *a, const struct gilloc_trace_op *b)
{
  return a->kind == b->kind && a->thread == b->thread && a->id == b->id && a->count == b->count &&
         a->size == b->size;
}

/* Writes all of the trace that was accepted. */
static void write_again(struct bytes input, FILE *out, enum gilloc_trace_form form)
{
  static struct gilloc_trace_writer writer;
  struct gilloc_trace_op op;
  gilloc_trace_writer_init(&writer, out, form);
  gilloc_trace_reader_init(&reader, read_bytes, &input);
  while (gilloc_trace_read(&reader, &op) == GILLOC_TRACE_OP)
    gilloc_trace_write(&writer, &op);
  if (!gilloc_trace_writer_finish(&writer))
    abort();
}

static void expect_round_trip(struct bytes input, enum gilloc_trace_form form)
{
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  if (!out)
    abort();
  write_again(input, out, form);
  (void)fclose(out);
  struct bytes written = {(const uint8_t *)text, length};
  gilloc_trace_reader_init(&reader, read_bytes, &input);
  gilloc_trace_reader_init(&other, read_bytes, &written);
  enum gilloc_trace_result result;
  do {
    struct gilloc_trace_op a;
    struct gilloc_trace_op b;
    result = gilloc_trace_read(&reader, &a);
    if (gilloc_trace_read(&other, &b) != result || (result == GILLOC_TRACE_OP && !are_equal(&a, &b)))
      abort();
  } while (result == GILLOC_TRACE_OP);
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct bytes input = {data, size};
  struct gilloc_trace_checker checker = {0};
  struct gilloc_trace_op op;
  enum gilloc_trace_result result;
  uint32_t slot;
  bool accepted = true;
  gilloc_trace_reader_init(&reader, read_bytes, &input);
  while ((result = gilloc_trace_read(&reader, &op)) == GILLOC_TRACE_OP && accepted) {
    accepted = gilloc_trace_check(&checker, &op, &slot);
    if (accepted && op.kind == GILLOC_TRACE_FREE)
      gilloc_trace_checker_put_slot(&checker, slot);
  }
  gilloc_trace_checker_fini(&checker);
  if (result == GILLOC_TRACE_BAD && reader.error.text[0] == '\0')
    abort();
  if (result == GILLOC_TRACE_END) {
    expect_round_trip((struct bytes){data, size}, GILLOC_TRACE_TEXT);
    expect_round_trip((struct bytes){data, size}, GILLOC_TRACE_BINARY);
  }
  return 0;
}
