/* SPDX-License-Identifier: MIT
 *
 * Traces: both forms say the same, a damaged one is refused with its place, memory stays bounded.
 */
/* flavours: none */
/* link: gilloc-trace */
#include "../stress/lab/trace_checker.h"
#include "../stress/lab/trace_reader.h"
#include "../stress/lab/trace_table.h"
#include "../stress/lab/trace_writer.h"
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>

struct bytes {
  const unsigned char *data;
  size_t left;
  size_t step; /* at most so many bytes at once */
};

static long read_bytes(void *context, void *into, size_t size)
{
  struct bytes *bytes = context;
  size_t part = bytes->left < size ? bytes->left : size;
  part = part < bytes->step ? part : bytes->step;
  memcpy(into, bytes->data, part);
  bytes->data += part;
  bytes->left -= part;
  return (long)part;
}

static struct gilloc_trace_reader reader;
static struct gilloc_trace_writer writer;

/* Reads and checks all of it; "" or the error. */
static const char *judge_bytes(const void *data, size_t length, size_t step)
{
  static struct gilloc_trace_error error;
  struct bytes bytes = {data, length, step};
  struct gilloc_trace_checker checker = {0};
  struct gilloc_trace_op op;
  enum gilloc_trace_result result;
  uint32_t slot;
  error.text[0] = '\0';
  gilloc_trace_reader_init(&reader, read_bytes, &bytes);
  while ((result = gilloc_trace_read(&reader, &op)) == GILLOC_TRACE_OP) {
    if (!gilloc_trace_check(&checker, &op, &slot)) {
      error = checker.error;
      break;
    }
    if (op.kind == GILLOC_TRACE_FREE)
      gilloc_trace_checker_put_slot(&checker, slot);
  }
  if (result == GILLOC_TRACE_BAD)
    error = reader.error;
  gilloc_trace_checker_fini(&checker);
  return error.text;
}

static const char *judge(const char *text)
{
  return judge_bytes(text, strlen(text), 65536);
}

#define HEAD "gilloc-trace 1\n"

static void expect_error(const char *got, const char *wanted)
{
  if (!*wanted ? *got == '\0' : strncmp(got, wanted, strlen(wanted)) == 0)
    return;
  print_error("'%s', expected '%s'\n", got, wanted);
  _fail(__FILE__, __LINE__);
}

/* A trace of `count` operations that uses every kind, large numbers and several threads. */
static size_t write_trace(enum gilloc_trace_form form, unsigned count, char **text)
{
  size_t length = 0;
  FILE *out = open_memstream(text, &length);
  gilloc_trace_writer_init(&writer, out, form);
  for (uint64_t i = 0; i < count; i++) {
    uint64_t id = i * 0x123456789;
    uint32_t thread = (uint32_t)(i / 7 % 3 * 500);
    gilloc_trace_write(&writer, &(struct gilloc_trace_op){GILLOC_TRACE_MALLOC, thread, id, 1, i * i, {0}});
    gilloc_trace_write(&writer,
                       &(struct gilloc_trace_op){GILLOC_TRACE_CALLOC, thread, id + 1, i, 1000000, {0}});
    gilloc_trace_write(&writer, &(struct gilloc_trace_op){GILLOC_TRACE_REALLOC, thread, id, 1, i, {0}});
    if (i % 5 == 0)
      gilloc_trace_write(&writer, &(struct gilloc_trace_op){GILLOC_TRACE_STATISTICS, thread, 0, 1, 0, {0}});
    if (i % 3)
      gilloc_trace_write(&writer, &(struct gilloc_trace_op){GILLOC_TRACE_FREE, 1023, id + 1, 1, 0, {0}});
  }
  EXPECT_TRUE(gilloc_trace_writer_finish(&writer));
  (void)fclose(out);
  return length;
}

static void test_trace_says_the_same_in_both_forms(void **state)
{
  (void)state;
  static struct gilloc_trace_reader other;
  char *text[2];
  struct bytes bytes[2];
  for (int form = 0; form < 2; form++)
    bytes[form] = (struct bytes){NULL, write_trace((enum gilloc_trace_form)form, 20000, &text[form]), 65536};
  EXPECT_TRUE(bytes[1].left < bytes[0].left);
  for (int form = 0; form < 2; form++)
    bytes[form].data = (const unsigned char *)text[form];
  gilloc_trace_reader_init(&reader, read_bytes, &bytes[0]);
  gilloc_trace_reader_init(&other, read_bytes, &bytes[1]);
  struct gilloc_trace_op a;
  struct gilloc_trace_op b;
  while (gilloc_trace_read(&reader, &a) == GILLOC_TRACE_OP) {
    EXPECT_EQ(gilloc_trace_read(&other, &b), GILLOC_TRACE_OP);
    EXPECT_EQ(a.kind, b.kind);
    EXPECT_EQ(a.thread, b.thread);
    EXPECT_EQ(a.id, b.id);
    EXPECT_EQ(a.count, b.count);
    EXPECT_EQ(a.size, b.size);
  }
  EXPECT_EQ(gilloc_trace_read(&other, &b), GILLOC_TRACE_END);
  free(text[0]);
  free(text[1]);
}

static void test_trace_does_not_depend_on_how_it_arrives(void **state)
{
  (void)state;
  for (int form = 0; form < 2; form++) {
    char *text;
    size_t length = write_trace((enum gilloc_trace_form)form, 200, &text);
    expect_error(judge_bytes(text, length, 1), "");
    expect_error(judge_bytes(text, length, 7), "");
    free(text);
  }
}

/* Every cut, every flipped byte of a binary trace is told. */
static void test_trace_tells_each_damage_of_the_binary_form(void **state)
{
  (void)state;
  char *text;
  size_t length = write_trace(GILLOC_TRACE_BINARY, 30, &text);
  for (size_t cut = 0; cut < length; cut++)
    expect_error(judge_bytes(text, cut, 65536), "offset ");
  for (size_t i = 0; i < length; i++) {
    for (int bit = 0; bit < 8; bit++) {
      text[i] = (char)(text[i] ^ (1 << bit));
      if (judge_bytes(text, length, 65536)[0] == '\0')
        fail_msg("bit %d of byte %zu was changed and nobody saw it", bit, i);
      text[i] = (char)(text[i] ^ (1 << bit));
    }
  }
  expect_error(judge_bytes(text, length, 65536), "");
  free(text);
}

static void test_trace_tells_bytes_behind_the_end(void **state)
{
  (void)state;
  char *text;
  size_t length = write_trace(GILLOC_TRACE_BINARY, 3, &text);
  char *longer = malloc(length + 1);
  memcpy(longer, text, length);
  longer[length] = 'x';
  expect_error(judge_bytes(longer, length + 1, 65536), "offset ");
  free(longer);
  free(text);
}

static void test_trace_of_another_version_is_refused(void **state)
{
  (void)state;
  unsigned char header[GILLOC_TRACE_HEADER_BYTES];
  memcpy(header, gilloc_trace_magic, sizeof gilloc_trace_magic);
  gilloc_trace_put_u32(header + 8, 2);
  gilloc_trace_put_u32(header + 12, gilloc_trace_crc(0, header, 12));
  expect_error(judge_bytes(header, sizeof header, 65536), "offset 8: found version 2, expected version 1");
  expect_error(judge("gilloc-trace 2\n"), "line 1: found 'gilloc-trace 2', expected 'gilloc-trace 1'");
  expect_error(judge(""), "offset 0: found the end, expected 'gilloc-trace 1'");
  expect_error(judge("hello\n"), "offset 0: found the byte 0x68, expected 'gilloc-trace 1'");
  expect_error(judge("gilloc-trace 1 \n"), "line 1: found");
}

static void test_trace_text_may_have_comments_and_blanks(void **state)
{
  (void)state;
  expect_error(judge(HEAD "# c\n\n  # d\n \t\nm  1\t5\n t 1023\nc 2 3 4 \nr 2 0\nf 1\ns\nf 2\nm 1 7\n"), "");
  char text[5000] = HEAD "#";
  memset(text + strlen(text), 'x', 4000);
  strcat(text, "\nm 1 5\nm 1 5\n");
  expect_error(judge(text), "line 4: found m of block 1, which is live");
}

static void test_trace_text_is_refused_with_its_line(void **state)
{
  (void)state;
  expect_error(judge(HEAD "x 1\n"), "line 2: found 'x 1', expected an operation: m, c, r, f, t, s or");
  expect_error(judge(HEAD "m 1\n"), "line 2: found 'm 1', expected m ID SIZE");
  expect_error(judge(HEAD "m 1 2 3\n"), "line 2: found 'm 1 2 3', expected m ID SIZE");
  expect_error(judge(HEAD "c 1 2\n"), "line 2: found 'c 1 2', expected c ID COUNT SIZE");
  expect_error(judge(HEAD "c 1 2 3 4 5\n"), "line 2: found 'c 1 2 3 4 5', expected c ID COUNT SIZE");
  expect_error(judge(HEAD "m -1 2\n"), "line 2: found 'm -1 2', expected m ID SIZE");
  expect_error(judge(HEAD "m 1 0x2\n"), "line 2: ");
  expect_error(judge(HEAD "m 18446744073709551616 2\n"), "line 2: ");
  expect_error(judge(HEAD "mm 1 2\n"), "line 2: ");
  expect_error(judge(HEAD "m 1 2\r\n"), "line 2: ");
  expect_error(judge(HEAD "t 1024\n"), "line 2: found 't 1024', expected a thread number from 0 to 1023");
  expect_error(judge(HEAD "t\n"), "line 2: found 't', expected t N");
  expect_error(judge(HEAD "m 1 2\nf 1"), "line 3: found 'f 1', expected a newline");
}

static void test_trace_with_impossible_operations_is_refused(void **state)
{
  (void)state;
  expect_error(judge(HEAD "f 7\n"), "line 2: found f of block 7, which is not live");
  expect_error(judge(HEAD "m 7 1\nf 7\nf 7\n"), "line 4: found f of block 7, which is not live");
  expect_error(judge(HEAD "m 7 1\nf 7\nr 7 2\n"), "line 4: found r of block 7, which is not live");
  expect_error(judge(HEAD "m 7 1\nc 7 1 1\n"), "line 3: found c of block 7, which is live");
  expect_error(judge(HEAD "m 7 9223372036854775807\n"), "");
  expect_error(judge(HEAD "m 7 9223372036854775808\n"), "line 2: found a size of 9223372036854775808 bytes");
  expect_error(judge(HEAD "m 7 1\nr 7 9223372036854775808\n"), "line 3: found a size");
  expect_error(judge(HEAD "c 7 4294967296 4294967296\n"), "line 2: found a block of 4294967296 times");
}

static void test_trace_live_bytes_beyond_counting_do_no_harm(void **state)
{
  (void)state;
  expect_error(judge(HEAD "m 1 9223372036854775807\nm 2 9223372036854775807\nm 3 9223372036854775807\n"
                          "f 1\nf 3\nf 2\nm 1 1\n"),
               "");
}

static void test_trace_slots_are_of_live_blocks_only(void **state)
{
  (void)state;
  struct gilloc_trace_checker checker = {0};
  for (uint64_t i = 0; i < 100000; i++) {
    uint32_t slot;
    struct gilloc_trace_op op = {GILLOC_TRACE_MALLOC, 0, i, 1, 10, {GILLOC_TRACE_TEXT, i}};
    EXPECT_TRUE(gilloc_trace_check(&checker, &op, &slot));
    op.kind = GILLOC_TRACE_FREE;
    op.size = 0;
    EXPECT_TRUE(gilloc_trace_check(&checker, &op, &slot));
    gilloc_trace_checker_put_slot(&checker, slot);
  }
  EXPECT_EQ(checker.slots, 1);
  EXPECT_EQ(checker.capacity, 64);
  EXPECT_EQ(checker.live.capacity, 64);
  EXPECT_EQ(checker.bytes_peak, 10);
  gilloc_trace_checker_fini(&checker);
}

static void test_trace_table_keeps_what_was_put(void **state)
{
  (void)state;
  struct gilloc_trace_table table = {0};
  for (uint64_t round = 0; round < 3; round++) {
    for (uint64_t i = 0; i < 5000; i++)
      EXPECT_TRUE(gilloc_trace_table_put(&table, i * 64, i + round));
    for (uint64_t i = 0; i < 5000; i += 2)
      EXPECT_TRUE(gilloc_trace_table_remove(&table, i * 64));
    for (uint64_t i = 0; i < 5000; i++) {
      const uint64_t *found = gilloc_trace_table_find(&table, i * 64);
      EXPECT_EQ(found != NULL, i % 2);
      EXPECT_EQ(found ? *found : i + round, i + round);
    }
    EXPECT_FALSE(gilloc_trace_table_remove(&table, 0));
    gilloc_trace_table_clear(&table);
  }
  gilloc_trace_table_fini(&table);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_trace_says_the_same_in_both_forms),
      cmocka_unit_test(test_trace_does_not_depend_on_how_it_arrives),
      cmocka_unit_test(test_trace_tells_each_damage_of_the_binary_form),
      cmocka_unit_test(test_trace_tells_bytes_behind_the_end),
      cmocka_unit_test(test_trace_of_another_version_is_refused),
      cmocka_unit_test(test_trace_text_may_have_comments_and_blanks),
      cmocka_unit_test(test_trace_text_is_refused_with_its_line),
      cmocka_unit_test(test_trace_with_impossible_operations_is_refused),
      cmocka_unit_test(test_trace_live_bytes_beyond_counting_do_no_harm),
      cmocka_unit_test(test_trace_slots_are_of_live_blocks_only),
      cmocka_unit_test(test_trace_table_keeps_what_was_put),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
