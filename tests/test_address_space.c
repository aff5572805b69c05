/* flavours: none gil fine */
/* presets: release debug */
/* SPDX-License-Identifier: MIT
 *
 * test_address_space.c: where a process's addresses are limited, blocks of one kind do not keep those that
 * blocks of another could have. Each test is a child with a limit of its own; no sanitizer lives with one.
 */
#include "expect.h"
#include "fixture.h"

#include "page_heap.h"
#include "page_region.h"
#include "purge.h"

#include <gilloc/gilloc.h>
#include <gilloc/options.h>
#include <sys/resource.h>

enum { MIB = 1 << 20, LIMIT = 128 * MIB, SMALL = 1000, LARGE = 40000 };

static size_t address_bytes(void)
{
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "re");
  EXPECT_EQ(fscanf(file, "%lu", &pages), 1);
  fclose(file);
  return pages * TEST_PAGE;
}

/* LIMIT more than there are. Without a thread of the library's own: beside one, arenas that have become empty
 * serve new arenas alone until it has seen to it that nobody reads them. */
static void limit_addresses(void)
{
  EXPECT_EQ(gilloc_options_set(GILLOC_OPTION_BACKGROUND, 0), 0);
  size_t bytes = address_bytes() + LIMIT;
  struct rlimit limit = {bytes, bytes};
  EXPECT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
}

static size_t take_all(void **list, size_t size)
{
  size_t bytes = 0;
  void **block;
  while ((block = gilloc_malloc(size)) != NULL) {
    *block = *list;
    *list = (void *)block;
    bytes += size;
  }
  return bytes;
}

static void put_all(void *list)
{
  while (list) {
    void *next = *(void **)list;
    gilloc_free(list);
    list = next;
  }
}

static void run_in_child(void (*body)(void))
{
  pid_t child = fork();
  if (child == 0) {
    body();
    _exit(test_failures ? 1 : 0);
  }
  EXPECT_EQ(wait_for_child(child), 0);
}

static void take_small_after_a_large_one(void)
{
  void *list = NULL;
  limit_addresses();
  COUNT_UNLESS(gilloc_malloc(LARGE) != NULL);
  COUNT_UNLESS(take_all(&list, SMALL) >= LIMIT / 4 * 3);
  put_all(list);
}

static void test_one_large_block_leaves_the_addresses_to_small_ones(void **state)
{
  (void)state;
  run_in_child(take_small_after_a_large_one);
}

/* The region is there before the limit is, so its size knows nothing of it. */
static void take_small_beside_an_old_region(void)
{
  void *list = NULL;
  gilloc_free(gilloc_malloc(LARGE));
  size_t reserved = gilloc_page_heap_counts().reserved;
  limit_addresses();
  COUNT_UNLESS(reserved >= 64 * MIB);
  COUNT_UNLESS(take_all(&list, SMALL) >= LIMIT / 4 * 3 + 48 * MIB);
  COUNT_UNLESS(gilloc_page_heap_counts().reserved <= reserved - 48 * MIB);
  COUNT_UNLESS(gilloc_page_heap_is_consistent());
  put_all(list);
}

static void test_clean_regions_are_given_up_when_a_mapping_fails(void **state)
{
  (void)state;
  run_in_child(take_small_beside_an_old_region);
}

/* Whichever kind had them last. */
static void take_large_and_small_in_turn(void)
{
  static const size_t sizes[] = {LARGE, SMALL, 3 * MIB, SMALL, LARGE};
  limit_addresses();
  for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    void *list = NULL;
    COUNT_UNLESS(take_all(&list, sizes[i]) >= LIMIT / 8 * 5);
    put_all(list);
    COUNT_UNLESS(gilloc_page_heap_is_consistent());
  }
}

static void test_kinds_of_blocks_take_each_others_addresses(void **state)
{
  (void)state;
  run_in_child(take_large_and_small_in_turn);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_large_block_leaves_the_addresses_to_small_ones),
      cmocka_unit_test(test_clean_regions_are_given_up_when_a_mapping_fails),
      cmocka_unit_test(test_kinds_of_blocks_take_each_others_addresses),
  };
  return cmocka_run_group_tests(tests, hold_gil, drop_gil);
}
