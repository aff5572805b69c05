/* SPDX-License-Identifier: MIT
 *
 * trace.h: one operation of an allocation trace, and what a trace may hold. docs/trace-format.md describes
 * both forms; they carry the same operations in the same order:
 *
 *   m ID SIZE   c ID COUNT SIZE   r ID SIZE   f ID   t N   s
 *
 * `t` is no operation of its own here: each operation says its thread.
 */
#ifndef GILLOC_LAB_TRACE_H
#define GILLOC_LAB_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gilloc_trace_kind {
  GILLOC_TRACE_MALLOC,
  GILLOC_TRACE_CALLOC,
  GILLOC_TRACE_REALLOC,
  GILLOC_TRACE_FREE,
  GILLOC_TRACE_STATISTICS,
  GILLOC_TRACE_KINDS
};

enum gilloc_trace_form { GILLOC_TRACE_TEXT, GILLOC_TRACE_BINARY };

enum { GILLOC_TRACE_THREADS = 1024 }; /* thread numbers are below it */

/* The most that one block may ask for, COUNT * SIZE in a calloc. */
static const uint64_t GILLOC_TRACE_SIZE_MAX = PTRDIFF_MAX;

/* Where something stands: a line (from 1) of the text form, an offset in bytes of the binary form. */
struct gilloc_trace_place {
  enum gilloc_trace_form form;
  uint64_t number;
};

struct gilloc_trace_op {
  enum gilloc_trace_kind kind;
  uint32_t thread;
  uint64_t id;                     /* 0 in STATISTICS */
  uint64_t count;                  /* 1 except in CALLOC */
  uint64_t size;                   /* 0 in FREE and STATISTICS */
  struct gilloc_trace_place place; /* where it was read; a writer does not look at it */
};

/* "line 3: found ..., expected ...", cut where it is too long. */
struct gilloc_trace_error {
  char text[240];
};

/* Puts "PLACE: " and the formatted text into the error. Always false, so that a check can return it. */
bool gilloc_trace_error_set(struct gilloc_trace_error *error, struct gilloc_trace_place place,
                            const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The letter of a kind in the text form. */
char gilloc_trace_letter(enum gilloc_trace_kind kind);

static inline bool gilloc_trace_allocates(enum gilloc_trace_kind kind)
{
  return kind == GILLOC_TRACE_MALLOC || kind == GILLOC_TRACE_CALLOC;
}

#endif
