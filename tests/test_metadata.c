/* flavours: none fine */
/* SPDX-License-Identifier: MIT
 *
 * test_metadata.c: records for the library's own use: where they lie, what they hold, in which order they
 * come back.
 */
#include "expect.h"
#include "fixture.h"

#include "metadata.h"
#include "os_memory.h"

enum { RECORDS = 3000, RECORD_BYTES = 200, PAGE_RECORD_BYTES = 2048 };

static void take_all(struct gilloc_metadata *metadata, char **records)
{
  for (unsigned i = 0; i < RECORDS; i++) {
    bool fresh = false;
    records[i] = gilloc_metadata_take(metadata, &fresh);
    EXPECT_NOT_NULL(records[i]);
    EXPECT_TRUE(fresh);
  }
}

static void test_records_are_aligned_as_asked(void **state)
{
  (void)state;
  static char *records[RECORDS];
  for (size_t alignment = 64; alignment <= 4096; alignment *= 2) {
    struct gilloc_metadata metadata = {.record_bytes = RECORD_BYTES, .alignment = alignment};
    take_all(&metadata, records);
    for (unsigned i = 0; i < RECORDS; i++)
      EXPECT_ALIGNED(records[i], alignment);
  }
}

static void test_fresh_records_are_zeroed(void **state)
{
  (void)state;
  struct gilloc_metadata metadata = {.record_bytes = RECORD_BYTES, .alignment = 128};
  static char *records[RECORDS];
  static const char zeros[RECORD_BYTES];
  take_all(&metadata, records);
  for (unsigned i = 0; i < RECORDS; i++)
    EXPECT_EQ(memcmp(records[i], zeros, RECORD_BYTES), 0);
}

/* More records than one mapping holds. */
static void test_records_do_not_overlap(void **state)
{
  (void)state;
  struct gilloc_metadata metadata = {.record_bytes = RECORD_BYTES, .alignment = 128};
  static char *records[RECORDS];
  take_all(&metadata, records);
  for (unsigned i = 0; i < RECORDS; i++)
    memset(records[i], (int)(i % 251) + 1, RECORD_BYTES);
  for (unsigned i = 0; i < RECORDS; i++)
    for (unsigned byte = 0; byte < RECORD_BYTES; byte++)
      EXPECT_EQ((unsigned char)records[i][byte], i % 251 + 1);
}

static void test_record_put_last_is_taken_first(void **state)
{
  (void)state;
  struct gilloc_metadata metadata = {.record_bytes = RECORD_BYTES, .alignment = 128};
  bool fresh = false;
  void *first = gilloc_metadata_take(&metadata, &fresh);
  void *second = gilloc_metadata_take(&metadata, &fresh);
  gilloc_metadata_put(&metadata, first);
  gilloc_metadata_put(&metadata, second);
  EXPECT_PTR_EQ(gilloc_metadata_take(&metadata, &fresh), second);
  EXPECT_FALSE(fresh);
  EXPECT_PTR_EQ(gilloc_metadata_take(&metadata, &fresh), first);
  EXPECT_FALSE(fresh);
}

static void test_reused_record_keeps_all_but_its_first_word(void **state)
{
  (void)state;
  struct gilloc_metadata metadata = {.record_bytes = RECORD_BYTES, .alignment = 128};
  bool fresh = false;
  char *record = gilloc_metadata_take(&metadata, &fresh);
  memset(record, 'x', RECORD_BYTES);
  gilloc_metadata_put(&metadata, record);
  EXPECT_PTR_EQ(gilloc_metadata_take(&metadata, &fresh), record);
  for (unsigned byte = sizeof(void *); byte < RECORD_BYTES; byte++)
    EXPECT_EQ(record[byte], 'x');
}

static void test_put_back_records_are_used_before_fresh_ones(void **state)
{
  (void)state;
  struct gilloc_metadata metadata = {.record_bytes = RECORD_BYTES, .alignment = 128};
  bool fresh = false;
  void *record = gilloc_metadata_take(&metadata, &fresh);
  gilloc_metadata_put(&metadata, record);
  EXPECT_PTR_EQ(gilloc_metadata_take(&metadata, &fresh), record);
  EXPECT_PTR_NE(gilloc_metadata_take(&metadata, &fresh), record);
  EXPECT_TRUE(fresh);
}

static size_t resident_bytes(char **records)
{
  size_t bytes = 0;
  for (unsigned i = 0; i < RECORDS; i++) {
    unsigned char is_resident = 0;
    EXPECT_EQ(mincore((char *)((uintptr_t)records[i] & ~(uintptr_t)(TEST_PAGE - 1)), 1, &is_resident), 0);
    bytes += is_resident & 1 ? PAGE_RECORD_BYTES : 0;
  }
  return bytes;
}

/* Every record that lies in [0, count) once shuffled is put back. */
static void put_shuffled(struct gilloc_metadata *metadata, char **records, unsigned count)
{
  struct test_random random = {7};
  for (unsigned i = RECORDS - 1; i > 0; i--) {
    unsigned other = random_below(&random, i + 1);
    char *record = records[i];
    records[i] = records[other];
    records[other] = record;
  }
  for (unsigned i = 0; i < count; i++)
    gilloc_metadata_put(metadata, records[i]);
}

static void test_free_records_go_back_and_are_fresh_and_zero_again(void **state)
{
  (void)state;
  static char *records[RECORDS];
  struct gilloc_metadata metadata = {.record_bytes = PAGE_RECORD_BYTES, .alignment = PAGE_RECORD_BYTES};
  for (unsigned round = 0; round < 3; round++) {
    take_all(&metadata, records);
    for (unsigned i = 0; i < RECORDS; i++) {
      EXPECT_EQ(records[i][0] | records[i][8] | records[i][PAGE_RECORD_BYTES - 1], 0);
      memset(records[i], 'x', PAGE_RECORD_BYTES);
    }
    size_t charged = gilloc_os_counts().charged;
    put_shuffled(&metadata, records, RECORDS);
    EXPECT_TRUE(gilloc_metadata_purge(&metadata) >= RECORDS * PAGE_RECORD_BYTES / 8 * 7);
    EXPECT_LE(resident_bytes(records), RECORDS * PAGE_RECORD_BYTES / 8);
    EXPECT_EQ(gilloc_metadata_purge(&metadata), 0);
    EXPECT_EQ(gilloc_os_counts().charged, charged);
  }
}

static void test_records_in_use_outlive_a_purge_of_the_others(void **state)
{
  (void)state;
  enum { FREE = RECORDS - 40 };
  static char *records[RECORDS];
  struct gilloc_metadata metadata = {.record_bytes = PAGE_RECORD_BYTES, .alignment = PAGE_RECORD_BYTES};
  take_all(&metadata, records);
  for (unsigned i = 0; i < RECORDS; i++)
    memset(records[i], 'x', PAGE_RECORD_BYTES);
  put_shuffled(&metadata, records, FREE);
  EXPECT_TRUE(gilloc_metadata_purge(&metadata) >= RECORDS * PAGE_RECORD_BYTES / 2);
  for (unsigned i = 0; i < FREE; i++) {
    bool fresh;
    memset(gilloc_metadata_take(&metadata, &fresh), 'y', PAGE_RECORD_BYTES);
  }
  for (unsigned i = FREE; i < RECORDS; i++)
    for (unsigned byte = 0; byte < PAGE_RECORD_BYTES; byte++)
      EXPECT_EQ(records[i][byte], 'x');
}

static void test_few_free_records_stay(void **state)
{
  (void)state;
  static char *records[RECORDS];
  struct gilloc_metadata metadata = {.record_bytes = PAGE_RECORD_BYTES, .alignment = PAGE_RECORD_BYTES};
  take_all(&metadata, records);
  for (unsigned i = 0; i < GILLOC_METADATA_PURGED_MIN / PAGE_RECORD_BYTES - 1; i++)
    gilloc_metadata_put(&metadata, records[i]);
  EXPECT_EQ(gilloc_metadata_purge(&metadata), 0);
}

static void test_record_may_be_as_large_as_a_chunk(void **state)
{
  (void)state;
  struct gilloc_metadata metadata = {.record_bytes = GILLOC_METADATA_CHUNK, .alignment = 4096};
  bool fresh = false;
  char *a = gilloc_metadata_take(&metadata, &fresh), *b = gilloc_metadata_take(&metadata, &fresh);
  memset(a, 1, GILLOC_METADATA_CHUNK);
  EXPECT_EQ(b[0] | b[GILLOC_METADATA_CHUNK - 1], 0);
  memset(b, 2, GILLOC_METADATA_CHUNK);
  EXPECT_EQ(a[0] + a[GILLOC_METADATA_CHUNK - 1], 2);
}

static void test_two_kinds_of_record_share_nothing(void **state)
{
  (void)state;
  struct gilloc_metadata small = {.record_bytes = 1, .alignment = 64},
                         big = {.record_bytes = 5000, .alignment = 256};
  bool fresh = false;
  for (unsigned i = 0; i < 100; i++) {
    unsigned char *a = gilloc_metadata_take(&small, &fresh), *b = gilloc_metadata_take(&big, &fresh);
    EXPECT_EQ(a[0], 0);
    EXPECT_EQ(b[0] | b[4999], 0);
    a[0] = 1;
    memset(b, 2, 5000);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_records_are_aligned_as_asked),
      cmocka_unit_test(test_fresh_records_are_zeroed),
      cmocka_unit_test(test_records_do_not_overlap),
      cmocka_unit_test(test_record_put_last_is_taken_first),
      cmocka_unit_test(test_reused_record_keeps_all_but_its_first_word),
      cmocka_unit_test(test_put_back_records_are_used_before_fresh_ones),
      cmocka_unit_test(test_free_records_go_back_and_are_fresh_and_zero_again),
      cmocka_unit_test(test_records_in_use_outlive_a_purge_of_the_others),
      cmocka_unit_test(test_few_free_records_stay),
      cmocka_unit_test(test_record_may_be_as_large_as_a_chunk),
      cmocka_unit_test(test_two_kinds_of_record_share_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
