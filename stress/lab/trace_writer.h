/* SPDX-License-Identifier: MIT
 *
 * trace_writer.h: writes a trace in either form, a block or a buffer at a time. It checks nothing but the
 * ability to write: what it is given must be a trace that trace_checker.h would accept.
 */
#ifndef GILLOC_LAB_TRACE_WRITER_H
#define GILLOC_LAB_TRACE_WRITER_H

#include "trace_binary.h"

#include <stdio.h>

struct gilloc_trace_writer {
  FILE *out;
  enum gilloc_trace_form form;
  uint32_t thread;     /* of the last operation, in the reader's eyes */
  uint64_t last_id;    /* binary: the last id allocated in the block */
  uint32_t operations; /* binary: in the block */
  size_t used;         /* binary: bytes of payload */
  unsigned char payload[GILLOC_TRACE_PAYLOAD_MAX];
};

/* Starts a trace on `out`, which stays the caller's. Errors of writing stick to `out` until finish. */
void gilloc_trace_writer_init(struct gilloc_trace_writer *writer, FILE *out, enum gilloc_trace_form form);

void gilloc_trace_write(struct gilloc_trace_writer *writer, const struct gilloc_trace_op *op);

/* Writes what is buffered and the end; false, with errno, if anything could not be written. */
bool gilloc_trace_writer_finish(struct gilloc_trace_writer *writer);

#endif
