/* SPDX-License-Identifier: MIT
 *
 * Replays: which operation waits for which, and that a stamp shows every byte that changed.
 */
/* flavours: none */
/* link: gilloc-trace */
#include "../stress/lab/replay_batch.h"
#include "../stress/lab/replay_stamp.h"
#include "expect.h"

#include <stdlib.h>

static struct gilloc_trace_reader reader;
static struct gilloc_trace_checker checker;
static struct gilloc_replay_batch batch;

static long read_text(void *context, void *into, size_t size)
{
  const char **text = context;
  size_t part = strlen(*text) < size ? strlen(*text) : size;
  memcpy(into, *text, part);
  *text += part;
  return (long)part;
}

/* Starts on a trace, in batches of at most `limit` operations. The text must outlive the reading. */
static void open_trace(const char **text, uint64_t limit)
{
  gilloc_trace_checker_fini(&checker);
  memset(&batch, 0, sizeof batch);
  batch.reader = &reader;
  batch.checker = &checker;
  batch.limit = limit;
  gilloc_trace_reader_init(&reader, read_text, text);
}

static enum gilloc_trace_result read_batch(void)
{
  struct gilloc_trace_error error;
  return gilloc_replay_batch_read(&batch, &error);
}

static void test_replay_waits_for_other_threads_only(void **state)
{
  (void)state;
  const char *text = "gilloc-trace 1\nm 1 8\nr 1 16\nt 1\nr 1 24\nm 2 8\nt 0\nf 1\nf 2\n";
  open_trace(&text, UINT64_MAX);
  EXPECT_EQ(read_batch(), GILLOC_TRACE_OP);
  const uint32_t after[] = {GILLOC_REPLAY_NONE, GILLOC_REPLAY_NONE, 1, GILLOC_REPLAY_NONE, 2, 3};
  EXPECT_EQ(batch.count, 6);
  for (uint32_t i = 0; i < batch.count; i++)
    EXPECT_EQ(batch.ops[i].after, after[i]);
  EXPECT_FALSE(batch.ops[0].awaited);
  EXPECT_TRUE(batch.ops[1].awaited && batch.ops[2].awaited && batch.ops[3].awaited);
  EXPECT_EQ(read_batch(), GILLOC_TRACE_END);
}

static void test_replay_keeps_each_threads_order(void **state)
{
  (void)state;
  const char *text = "gilloc-trace 1\nm 1 8\nt 5\nm 2 8\nt 0\nm 3 8\nt 5\nm 4 8\n";
  open_trace(&text, UINT64_MAX);
  EXPECT_EQ(read_batch(), GILLOC_TRACE_OP);
  EXPECT_EQ(batch.first[0], 0);
  EXPECT_EQ(batch.ops[0].next, 2);
  EXPECT_EQ(batch.ops[2].next, GILLOC_REPLAY_NONE);
  EXPECT_EQ(batch.first[5], 1);
  EXPECT_EQ(batch.ops[1].next, 3);
  EXPECT_EQ(batch.first[1], GILLOC_REPLAY_NONE);
}

/* Between two batches the threads meet: nothing to wait for, and slots may be used again. */
static void test_replay_forgets_the_batch_before(void **state)
{
  (void)state;
  const char *text = "gilloc-trace 1\nm 1 8\nf 1\nm 2 8\nt 1\nf 2\nm 3 8\n";
  open_trace(&text, 2);
  EXPECT_EQ(read_batch(), GILLOC_TRACE_OP);
  EXPECT_EQ(batch.count, 2);
  uint32_t slot = batch.ops[0].slot;
  gilloc_replay_batch_put_slots(&batch);
  EXPECT_EQ(read_batch(), GILLOC_TRACE_OP);
  EXPECT_EQ(batch.ops[0].slot, slot);
  EXPECT_EQ(batch.ops[1].after, 0);
  EXPECT_EQ(read_batch(), GILLOC_TRACE_OP);
  EXPECT_EQ(batch.count, 1);
  EXPECT_TRUE(batch.ops[0].slot != slot);
}

static void test_replay_ends_a_batch_at_statistics(void **state)
{
  (void)state;
  const char *text = "gilloc-trace 1\ns\nm 1 8\ns\nf 1\n";
  open_trace(&text, UINT64_MAX);
  for (unsigned count = 0; count < 2; count++) {
    EXPECT_EQ(read_batch(), GILLOC_TRACE_OP);
    EXPECT_EQ(batch.count, count);
    EXPECT_TRUE(batch.statistics);
  }
  EXPECT_EQ(read_batch(), GILLOC_TRACE_OP);
  EXPECT_FALSE(batch.statistics);
}

static void test_replay_stamp_shows_each_changed_byte(void **state)
{
  (void)state;
  unsigned char block[100];
  for (size_t size = 0; size <= 40; size++) {
    memset(block, 0, sizeof block);
    gilloc_replay_stamp(block, size, 42 + size);
    EXPECT_EQ(block[size], 0);
    EXPECT_TRUE(gilloc_replay_stamp_is_whole(block, size, size, 42 + size));
    for (size_t i = 0; i < size; i++) {
      block[i] ^= 1;
      EXPECT_FALSE(gilloc_replay_stamp_is_whole(block, size, size, 42 + size));
      EXPECT_TRUE(gilloc_replay_stamp_is_whole(block, size, i, 42 + size));
      block[i] ^= 1;
    }
  }
}

static void test_replay_stamp_of_a_large_block_is_at_its_edges(void **state)
{
  (void)state;
  size_t size = 3000001;
  unsigned char *block = calloc(1, size);
  EXPECT_TRUE(gilloc_replay_stamp_is_zero(block, size));
  gilloc_replay_stamp(block, size, 7);
  EXPECT_FALSE(gilloc_replay_stamp_is_zero(block, size));
  EXPECT_EQ(block[1500000], 0);
  EXPECT_TRUE(gilloc_replay_stamp_is_whole(block, size, size, 7));
  block[size - 1] ^= 1;
  EXPECT_FALSE(gilloc_replay_stamp_is_whole(block, size, size, 7));
  EXPECT_TRUE(gilloc_replay_stamp_is_whole(block, size, 65536, 7));
  free(block);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_replay_waits_for_other_threads_only),
      cmocka_unit_test(test_replay_keeps_each_threads_order),
      cmocka_unit_test(test_replay_forgets_the_batch_before),
      cmocka_unit_test(test_replay_ends_a_batch_at_statistics),
      cmocka_unit_test(test_replay_stamp_shows_each_changed_byte),
      cmocka_unit_test(test_replay_stamp_of_a_large_block_is_at_its_edges),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
