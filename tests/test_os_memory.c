/* flavours: none */
/* SPDX-License-Identifier: MIT
 *
 * test_os_memory.c: mappings from the kernel.
 */
#include "expect.h"
#include "fixture.h"

#include "os_memory.h"

#include <sys/syscall.h>

static size_t page;

static int read_page_size(void **state)
{
  (void)state;
  page = (size_t)sysconf(_SC_PAGESIZE);
  return 0;
}

static void expect_bytes(const char *start, size_t count, char wanted)
{
  for (size_t i = 0; i < count; i++)
    EXPECT_EQ(start[i], wanted);
}

static void test_page_size_is_the_systems(void **state)
{
  (void)state;
  EXPECT_EQ(gilloc_os_page_size(), page);
}

static void test_rounds_up_to_pages_and_never_wraps(void **state)
{
  (void)state;
  EXPECT_EQ(gilloc_os_round_to_pages(1), page);
  EXPECT_EQ(gilloc_os_round_to_pages(page), page);
  EXPECT_EQ(gilloc_os_round_to_pages(page + 1), 2 * page);
  EXPECT_EQ(gilloc_os_round_to_pages(SIZE_MAX - page + 1), SIZE_MAX - page + 1);
  EXPECT_EQ(gilloc_os_round_to_pages(SIZE_MAX - page + 2), 0);
  EXPECT_EQ(gilloc_os_round_to_pages(SIZE_MAX), 0);
}

static void test_fresh_memory_is_zero_and_writable(void **state)
{
  (void)state;
  char *start = gilloc_os_map(3 * page);
  EXPECT_ALIGNED(start, page);
  expect_bytes(start, 3 * page, 0);
  memset(start, 1, 3 * page);
  gilloc_os_unmap(start, 3 * page);
}

static void test_unmapped_memory_is_gone(void **state)
{
  (void)state;
  char *start = gilloc_os_map(2 * page);
  EXPECT_TRUE(is_mapped(start) && is_mapped(start + page));
  gilloc_os_unmap(start, 2 * page);
  EXPECT_FALSE(is_mapped(start) || is_mapped(start + page));
}

static void test_some_pages_can_be_given_back(void **state)
{
  (void)state;
  char *start = gilloc_os_map(3 * page);
  memset(start, 2, 3 * page);
  gilloc_os_unmap(start + page, page);
  EXPECT_FALSE(is_mapped(start + page));
  expect_bytes(start, page, 2);
  expect_bytes(start + 2 * page, page, 2);
  gilloc_os_unmap(start, page);
  gilloc_os_unmap(start + 2 * page, page);
}

static void test_aligned_mapping_keeps_nothing_around_it(void **state)
{
  (void)state;
  for (size_t alignment = page; alignment <= (size_t)1 << 26; alignment *= 2) {
    char *guard = reserve_addresses(page, page);
    char *start = gilloc_os_map_aligned(5 * page, alignment);
    EXPECT_ALIGNED(start, alignment);
    expect_bytes(start, 5 * page, 0);
    gilloc_os_unmap(start, 5 * page);
    for (size_t i = 0; i < 5; i++)
      EXPECT_FALSE(is_mapped(start + i * page));
    EXPECT_TRUE(is_mapped(guard));
  }
}

static size_t mapped_bytes(void)
{
  unsigned long from, to;
  size_t total = 0;
  char line[512];
  FILE *maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps))
    if (sscanf(line, "%lx-%lx", &from, &to) == 2)
      total += to - from;
  fclose(maps);
  return total;
}

static void test_aligned_mapping_adds_its_bytes_alone(void **state)
{
  (void)state;
  mapped_bytes(); /* the C library's buffers are there now */
  size_t before = mapped_bytes();
  char *start = gilloc_os_map_aligned(4 * page, (size_t)1 << 24);
  EXPECT_EQ(mapped_bytes() - before, 4 * page);
  gilloc_os_unmap(start, 4 * page);
  EXPECT_EQ(mapped_bytes(), before);
}

static void test_failure_is_null_with_errno_kept(void **state)
{
  (void)state;
  errno = 4711;
  EXPECT_NULL(gilloc_os_map((size_t)1 << 62));
  EXPECT_NULL(gilloc_os_map_aligned((size_t)1 << 62, page));
  EXPECT_NULL(gilloc_os_map_aligned(page, (size_t)1 << 62));
  EXPECT_NULL(gilloc_os_map_aligned(SIZE_MAX - page + 1, (size_t)1 << 22));
  EXPECT_EQ(errno, 4711);
}

static void test_pages_move_onto_other_memory(void **state)
{
  (void)state;
  struct gilloc_os_counts before = gilloc_os_counts();
  char *from = gilloc_os_reserve(2 * page), *to = gilloc_os_reserve(5 * page);
  memset(from, 6, 2 * page);
  memset(to, 7, 5 * page);
  EXPECT_EQ(gilloc_os_move(from, 2 * page, to, 5 * page), GILLOC_OS_MOVED);
  EXPECT_FALSE(is_mapped(from));
  expect_bytes(to, 2 * page, 6);
  expect_bytes(to + 2 * page, 3 * page, 0);
  EXPECT_TRUE(gilloc_os_reserve_again(from, 2 * page));
  expect_bytes(from, 2 * page, 0);
  EXPECT_TRUE(gilloc_os_unreserve(from, 2 * page));
  EXPECT_TRUE(gilloc_os_unreserve(to, 5 * page));
  EXPECT_EQ(gilloc_os_counts().reserved, before.reserved);
}

static void test_pages_that_cannot_move_stay(void **state)
{
  (void)state;
  char *from = gilloc_os_map(3 * page), *to = gilloc_os_map(4 * page);
  memset(from, 6, 3 * page);
  EXPECT_EQ(mprotect(from + page, page, PROT_READ), 0); /* three mappings of the kernel's */
  errno = 4711;
  memset(to, 7, 4 * page);
  EXPECT_EQ(gilloc_os_move(from, 3 * page, to, 4 * page), GILLOC_OS_NOT_MOVED);
  EXPECT_EQ(errno, 4711);
  expect_bytes(from, 3 * page, 6);
  expect_bytes(to, 4 * page, 7);
}

static void test_taken_addresses_are_not_reserved_again(void **state)
{
  (void)state;
  char *start = gilloc_os_reserve(2 * page);
  size_t before = gilloc_os_counts().reserved;
  start[0] = 1;
  EXPECT_FALSE(gilloc_os_reserve_again(start, page));
  EXPECT_EQ(start[0], 1);
  EXPECT_EQ(gilloc_os_counts().reserved, before - page);
  gilloc_os_unreserve(start + page, page);
}

static void test_purged_pages_are_gone_and_read_as_zero(void **state)
{
  (void)state;
  struct gilloc_os_counts before = gilloc_os_counts();
  char *start = gilloc_os_reserve(4 * page);
  unsigned char resident[4];
  memset(start, 1, 4 * page);
  EXPECT_TRUE(gilloc_os_purge(start + page, 2 * page));
  EXPECT_EQ(mincore(start, 4 * page, resident), 0);
  EXPECT_TRUE((resident[0] & 1) && !(resident[1] & 1) && !(resident[2] & 1) && (resident[3] & 1));
  expect_bytes(start + page, 2 * page, 0);
  expect_bytes(start + 3 * page, page, 1);
  EXPECT_EQ(gilloc_os_counts().purges, before.purges + 1);
  EXPECT_EQ(gilloc_os_counts().purged_total, before.purged_total + 2 * page);
  EXPECT_EQ(gilloc_os_counts().reserved, before.reserved + 4 * page);
  EXPECT_TRUE(gilloc_os_unreserve(start, 4 * page));
  EXPECT_EQ(gilloc_os_counts().reserved, before.reserved);
}

static void test_locked_pages_are_not_purged(void **state)
{
  (void)state;
  char *start = gilloc_os_reserve(page);
  if (syscall(SYS_mlock, start, page) != 0) /* sanitizers make a jest of mlock */
    skip();
  memset(start, 1, page);
  errno = 4711;
  EXPECT_FALSE(gilloc_os_purge(start, page));
  EXPECT_EQ(errno, 4711);
  expect_bytes(start, page, 1);
  munlock(start, page);
  gilloc_os_unreserve(start, page);
}

static void test_mappings_are_charged_and_reservations_are_not(void **state)
{
  (void)state;
  size_t before = gilloc_os_counts().charged;
  char *mapped = gilloc_os_map(3 * page), *reserved = gilloc_os_reserve(7 * page);
  EXPECT_EQ(gilloc_os_counts().charged, before + 3 * page);
  EXPECT_TRUE(gilloc_os_charge(page));
  EXPECT_EQ(gilloc_os_counts().charged, before + 4 * page);
  gilloc_os_discharge(page);
  gilloc_os_unmap(mapped, 3 * page);
  EXPECT_TRUE(gilloc_os_unreserve(reserved, 7 * page));
  EXPECT_EQ(gilloc_os_counts().charged, before);
}

static void test_hard_limit_refuses_and_keeps_errno(void **state)
{
  (void)state;
  size_t before = gilloc_os_counts().charged, refused = gilloc_os_counts().refused;
  gilloc_os_set_limits(0, before + 2 * page);
  errno = 4711;
  char *start = gilloc_os_map(2 * page);
  EXPECT_NOT_NULL(start);
  EXPECT_NULL(gilloc_os_map(page));
  EXPECT_NULL(gilloc_os_map_aligned(page, 1 << 20));
  EXPECT_FALSE(gilloc_os_charge(1));
  EXPECT_FALSE(gilloc_os_charge(SIZE_MAX));
  EXPECT_EQ(errno, 4711);
  EXPECT_EQ(gilloc_os_counts().refused, refused + 4);
  EXPECT_EQ(gilloc_os_counts().charged, before + 2 * page);
  gilloc_os_set_limits(0, page); /* below what there is: that stays */
  EXPECT_NULL(gilloc_os_map(page));
  gilloc_os_unmap(start, 2 * page);
  gilloc_os_set_limits(0, 0);
  EXPECT_EQ(gilloc_os_counts().charged, before);
}

static void test_soft_limit_only_tells(void **state)
{
  (void)state;
  gilloc_os_set_limits(gilloc_os_counts().charged + page, 0);
  char *start = gilloc_os_map(page);
  EXPECT_FALSE(gilloc_os_is_over_soft_limit());
  char *more = gilloc_os_map(page);
  EXPECT_NOT_NULL(more);
  EXPECT_TRUE(gilloc_os_is_over_soft_limit());
  gilloc_os_unmap(start, page);
  gilloc_os_unmap(more, page);
  EXPECT_FALSE(gilloc_os_is_over_soft_limit());
  gilloc_os_set_limits(0, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_page_size_is_the_systems),
      cmocka_unit_test(test_rounds_up_to_pages_and_never_wraps),
      cmocka_unit_test(test_fresh_memory_is_zero_and_writable),
      cmocka_unit_test(test_unmapped_memory_is_gone),
      cmocka_unit_test(test_some_pages_can_be_given_back),
      cmocka_unit_test(test_aligned_mapping_keeps_nothing_around_it),
      cmocka_unit_test(test_aligned_mapping_adds_its_bytes_alone),
      cmocka_unit_test(test_failure_is_null_with_errno_kept),
      cmocka_unit_test(test_pages_move_onto_other_memory),
      cmocka_unit_test(test_pages_that_cannot_move_stay),
      cmocka_unit_test(test_taken_addresses_are_not_reserved_again),
      cmocka_unit_test(test_purged_pages_are_gone_and_read_as_zero),
      cmocka_unit_test(test_locked_pages_are_not_purged),
      cmocka_unit_test(test_mappings_are_charged_and_reservations_are_not),
      cmocka_unit_test(test_hard_limit_refuses_and_keeps_errno),
      cmocka_unit_test(test_soft_limit_only_tells),
  };
  return cmocka_run_group_tests(tests, read_page_size, NULL);
}
