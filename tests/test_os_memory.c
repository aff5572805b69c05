/* flavours: none */
/* SPDX-License-Identifier: MIT
 *
 * test_os_memory.c: mappings from the kernel.
 */
#include "expect.h"
#include "fixture.h"

#include "os_memory.h"

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

static void test_mapping_shrinks_where_it_stands(void **state)
{
  (void)state;
  char *start = gilloc_os_map(4 * page);
  memset(start, 3, 4 * page);
  EXPECT_TRUE(gilloc_os_resize(start, 4 * page, page));
  expect_bytes(start, page, 3);
  EXPECT_FALSE(is_mapped(start + page));
  gilloc_os_unmap(start, page);
}

static void test_mapping_grows_where_there_is_room(void **state)
{
  (void)state;
  char *start = gilloc_os_map(4 * page);
  memset(start, 4, page);
  gilloc_os_unmap(start + page, 3 * page);
  EXPECT_TRUE(gilloc_os_resize(start, page, 4 * page));
  expect_bytes(start, page, 4);
  expect_bytes(start + page, 3 * page, 0);
  gilloc_os_unmap(start, 4 * page);
}

static void test_mapping_does_not_grow_over_a_neighbour(void **state)
{
  (void)state;
  char *start = reserve_addresses(3 * page, page);
  char *neighbour = start + page;
  mprotect(start, page, PROT_READ | PROT_WRITE);
  memset(start, 5, page);
  errno = 4711;
  EXPECT_FALSE(gilloc_os_resize(start, page, 2 * page));
  EXPECT_EQ(errno, 4711);
  EXPECT_TRUE(is_mapped(neighbour));
  expect_bytes(start, page, 5);
}

static void test_pages_move_onto_another_mapping(void **state)
{
  (void)state;
  char *from = gilloc_os_map(2 * page), *to = gilloc_os_map(5 * page);
  memset(from, 6, 2 * page);
  memset(to, 7, 5 * page);
  EXPECT_TRUE(gilloc_os_move(from, 2 * page, to, 5 * page));
  EXPECT_FALSE(is_mapped(from));
  expect_bytes(to, 2 * page, 6);
  memset(to, 8, 5 * page);
  gilloc_os_unmap(to, 5 * page);
}

static void test_pages_move_onto_a_mapping_of_their_size(void **state)
{
  (void)state;
  char *from = gilloc_os_map(2 * page), *to = gilloc_os_map(2 * page);
  memset(from, 9, 2 * page);
  EXPECT_TRUE(gilloc_os_move(from, 2 * page, to, 2 * page));
  expect_bytes(to, 2 * page, 9);
  gilloc_os_unmap(to, 2 * page);
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
      cmocka_unit_test(test_mapping_shrinks_where_it_stands),
      cmocka_unit_test(test_mapping_grows_where_there_is_room),
      cmocka_unit_test(test_mapping_does_not_grow_over_a_neighbour),
      cmocka_unit_test(test_pages_move_onto_another_mapping),
      cmocka_unit_test(test_pages_move_onto_a_mapping_of_their_size),
  };
  return cmocka_run_group_tests(tests, read_page_size, NULL);
}
