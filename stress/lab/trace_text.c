/* SPDX-License-Identifier: MIT
 *
 * trace_text.c: the text form. A line is kept only as far as an operation can be long; comments may be
 * longer, and are skipped in passing.
 */
#include "trace_reader.h"

#include <inttypes.h>
#include <string.h>

enum { LINE_MAX_BYTES = 128, SHOWN = 48 };

struct line {
  char text[LINE_MAX_BYTES + 1]; /* cut after LINE_MAX_BYTES */
  size_t length;                 /* of the whole line, without its newline */
  bool ended;                    /* by a newline */
};

/* Reads a line; false at the end of the input. */
static bool read_line(struct gilloc_trace_reader *reader, struct line *line)
{
  line->length = 0;
  line->ended = false;
  if (gilloc_trace_peek(reader) < 0)
    return false;
  reader->line++;
  while (!line->ended && gilloc_trace_peek(reader) >= 0) {
    unsigned char *from = reader->input + reader->at;
    size_t available = reader->end - reader->at;
    unsigned char *newline = memchr(from, '\n', available);
    size_t part = newline ? (size_t)(newline - from) : available;
    if (line->length < LINE_MAX_BYTES) {
      size_t room = LINE_MAX_BYTES - line->length;
      memcpy(line->text + line->length, from, part < room ? part : room);
    }
    line->length += part;
    line->ended = newline != NULL;
    reader->at += part + line->ended;
    reader->offset += part + line->ended;
  }
  line->text[line->length < LINE_MAX_BYTES ? line->length : LINE_MAX_BYTES] = '\0';
  return true;
}

static enum gilloc_trace_result refuse(struct gilloc_trace_reader *reader, const struct line *line,
                                       const char *expected)
{
  struct gilloc_trace_place place = {GILLOC_TRACE_TEXT, reader->line};
  (void)gilloc_trace_error_set(&reader->error, place, "found '%.*s'%s, expected %s", SHOWN, line->text,
                               line->length > SHOWN ? "..." : "", expected);
  return GILLOC_TRACE_BAD;
}

enum gilloc_trace_result gilloc_trace_text_open(struct gilloc_trace_reader *reader)
{
  struct line line;
  (void)read_line(reader, &line);
  if (strcmp(line.text, "gilloc-trace 1") == 0 && line.length < LINE_MAX_BYTES)
    return GILLOC_TRACE_OP;
  return refuse(reader, &line, "'gilloc-trace 1', the version that is known here");
}

static bool is_blank(char c)
{
  return c == ' ' || c == '\t';
}

/* Up to four words; their number, or 5 where there are more. */
static unsigned split(char *text, char *words[4])
{
  unsigned count = 0;
  for (char *at = text; *at;) {
    if (is_blank(*at)) {
      *at++ = '\0';
      continue;
    }
    if (count == 4)
      return 5;
    words[count++] = at;
    while (*at && !is_blank(*at))
      at++;
  }
  return count;
}

/* Decimal digits and nothing else, at most 2^64 - 1. */
static bool parse(const char *word, uint64_t *value)
{
  *value = 0;
  for (const char *at = word; *at; at++) {
    if (*at < '0' || *at > '9' || __builtin_mul_overflow(*value, 10, value) ||
        __builtin_add_overflow(*value, (uint64_t)(*at - '0'), value))
      return false;
  }
  return *word != '\0';
}

static const char kinds[] = "mcrfst";

static const struct {
  unsigned words;
  const char *expected;
} shapes[] = {{3, "m ID SIZE"}, {4, "c ID COUNT SIZE"}, {3, "r ID SIZE"}, {2, "f ID"}, {1, "s"}, {2, "t N"}};

/* The line's letter as an index of `kinds`, with its numbers; the reason against it otherwise. */
static const char *take_apart(const struct line *line, unsigned *kind, uint64_t numbers[3])
{
  char copy[LINE_MAX_BYTES + 1];
  char *words[4];
  memcpy(copy, line->text, sizeof copy);
  unsigned count = split(copy, words);
  const char *letter = count && words[0][1] == '\0' ? strchr(kinds, words[0][0]) : NULL;
  if (!letter || line->length > LINE_MAX_BYTES || strlen(line->text) != line->length)
    return "an operation: m, c, r, f, t, s or a comment with #";
  *kind = (unsigned)(letter - kinds);
  bool fits = count == shapes[*kind].words;
  for (unsigned i = 1; i < count && fits; i++)
    fits = parse(words[i], &numbers[i - 1]);
  return fits ? NULL : shapes[*kind].expected;
}

static void fill(const struct gilloc_trace_reader *reader, struct gilloc_trace_op *op,
                 const uint64_t numbers[3])
{
  op->thread = reader->thread;
  op->id = op->kind == GILLOC_TRACE_STATISTICS ? 0 : numbers[0];
  op->count = op->kind == GILLOC_TRACE_CALLOC ? numbers[1] : 1;
  op->size = op->kind == GILLOC_TRACE_CALLOC ? numbers[2] : numbers[1];
  if (op->kind == GILLOC_TRACE_FREE || op->kind == GILLOC_TRACE_STATISTICS)
    op->size = 0;
}

enum gilloc_trace_result gilloc_trace_text_read(struct gilloc_trace_reader *reader,
                                                struct gilloc_trace_op *op)
{
  struct line line;
  while (read_line(reader, &line)) {
    size_t blanks = strspn(line.text, " \t");
    if (line.text[blanks] == '#' || (blanks == line.length && blanks < LINE_MAX_BYTES))
      continue;
    unsigned kind = 0;
    uint64_t numbers[3] = {0, 0, 0};
    const char *expected = take_apart(&line, &kind, numbers);
    if (!expected && !line.ended)
      expected = "a newline after it: the last line is cut off";
    if (!expected && kind == GILLOC_TRACE_THREAD_RECORD && numbers[0] >= GILLOC_TRACE_THREADS)
      expected = "a thread number from 0 to 1023";
    if (expected)
      return refuse(reader, &line, expected);
    if (kind == GILLOC_TRACE_THREAD_RECORD) {
      reader->thread = (uint32_t)numbers[0];
      continue;
    }
    op->kind = (enum gilloc_trace_kind)kind;
    fill(reader, op, numbers);
    op->place = (struct gilloc_trace_place){GILLOC_TRACE_TEXT, reader->line};
    return GILLOC_TRACE_OP;
  }
  return GILLOC_TRACE_END;
}
