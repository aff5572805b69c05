/* SPDX-License-Identifier: MIT
 *
 * trace_reader.h: reads a trace in either form, told apart by its first bytes, in constant memory: one
 * buffer of the input and, in the binary form, one block, whose checksum is verified before any of its
 * operations is given out. What an operation means for the ones before it is trace_checker.h's matter.
 */
#ifndef GILLOC_LAB_TRACE_READER_H
#define GILLOC_LAB_TRACE_READER_H

#include "trace_binary.h"

enum gilloc_trace_result { GILLOC_TRACE_OP, GILLOC_TRACE_END, GILLOC_TRACE_BAD };

/* Gives up to `size` bytes; 0 at the end; negative, with errno, on an error. */
typedef long gilloc_trace_source(void *context, void *into, size_t size);

enum { GILLOC_TRACE_INPUT = 65536 };

struct gilloc_trace_reader {
  gilloc_trace_source *source;
  void *context;
  enum gilloc_trace_form form;
  bool opened; /* the form is known and the head was read */
  bool failed; /* the source gave an error: `failure` is its errno */
  int failure;
  uint32_t thread;
  uint64_t line;         /* text: of the last line read */
  uint64_t offset;       /* of input[at] in the stream */
  uint64_t last_id;      /* binary: the last id allocated in the block */
  uint32_t operations;   /* binary: still to come in the block */
  uint64_t block_offset; /* binary: of payload[0] in the stream */
  size_t payload_at;
  size_t payload_end;
  size_t at;
  size_t end;
  struct gilloc_trace_error error; /* after GILLOC_TRACE_BAD */
  unsigned char input[GILLOC_TRACE_INPUT];
  unsigned char payload[GILLOC_TRACE_PAYLOAD_MAX];
};

void gilloc_trace_reader_init(struct gilloc_trace_reader *reader, gilloc_trace_source *source, void *context);

/* The next operation. After END or BAD there is none. */
enum gilloc_trace_result gilloc_trace_read(struct gilloc_trace_reader *reader, struct gilloc_trace_op *op);

/* A source that reads a file descriptor; the context points at an int. */
long gilloc_trace_read_file(void *context, void *into, size_t size);

/* For the two forms. The next byte of the input without taking it; -1 at the end and on an error. */
int gilloc_trace_peek(struct gilloc_trace_reader *reader);
/* True if `size` bytes could be had; fewer at the end of the input. `*got` says how many. */
bool gilloc_trace_take(struct gilloc_trace_reader *reader, unsigned char *into, size_t size, size_t *got);

enum gilloc_trace_result gilloc_trace_text_open(struct gilloc_trace_reader *reader);
enum gilloc_trace_result gilloc_trace_text_read(struct gilloc_trace_reader *reader,
                                                struct gilloc_trace_op *op);
enum gilloc_trace_result gilloc_trace_binary_open(struct gilloc_trace_reader *reader);
enum gilloc_trace_result gilloc_trace_binary_read(struct gilloc_trace_reader *reader,
                                                  struct gilloc_trace_op *op);

#endif
