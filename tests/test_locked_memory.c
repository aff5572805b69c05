/* flavours: none gil fine */
/* presets: release debug */
/* SPDX-License-Identifier: MIT
 *
 * test_locked_memory.c: a process whose memory the kernel locks as it is mapped (mlockall(2), MCL_FUTURE),
 * and fills with pages: the library's reservations are no addresses then, but memory. In forked children,
 * which end with 77 where they may not lock so much.
 */
#include "expect.h"
#include "fixture.h"
#include "resident.h"

#include "page_heap.h"
#include "purge.h"

#include <gilloc/gilloc.h>

#include <sys/resource.h>

enum { KIB = 1 << 10, MIB = 1 << 20, BLOCKS = 40, SKIPPED = 77 };

static bool lock_what_comes(void)
{
  struct rlimit limit;
  bool is_free = getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_max >= 256 * (rlim_t)MIB;
  limit.rlim_cur = limit.rlim_max;
  if ((!is_free && geteuid() != 0) || setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || mlockall(MCL_FUTURE) != 0)
    return false;
  /* Root without the capability is held to its limit. */
  void *room = mmap(NULL, 128 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return room != MAP_FAILED && munmap(room, 128 * MIB) == 0;
}

static void in_child(void (*body)(void))
{
  pid_t child = fork();
  if (child == 0) {
    bool is_locked = lock_what_comes();
    if (is_locked)
      body();
    _exit(test_failures ? 1 : is_locked ? 0 : SKIPPED);
  }
  int status = wait_for_child(child);
  if (status == SKIPPED)
    skip();
  EXPECT_EQ(status, 0);
}

static void take_a_block(void)
{
  size_t before = resident_bytes();
  char *block = gilloc_malloc(100 * KIB);
  COUNT_UNLESS(block && gilloc_page_heap_counts().reserved >= 100 * KIB);
  COUNT_UNLESS(resident_bytes() - before < 16 * MIB); /* the map of the pages is in it */
}

static void test_large_block_fills_no_region(void **state)
{
  (void)state;
  in_child(take_a_block);
}

/* No page can be given back; what is free must still be had again. */
static void take_and_purge(void)
{
  char *blocks[BLOCKS];
  for (unsigned round = 0; round < 3; round++) {
    for (unsigned i = 0; i < BLOCKS; i++)
      COUNT_UNLESS((blocks[i] = gilloc_malloc((i + 1) * 16 * KIB)) != NULL);
    for (unsigned i = 0; i < BLOCKS && !test_failures; i++)
      fill(blocks[i], (i + 1) * 16 * KIB, i);
    for (unsigned i = 0; i < BLOCKS && !test_failures; i++) {
      COUNT_UNLESS(is_filled(blocks[i], (i + 1) * 16 * KIB, i));
      gilloc_free(blocks[i]);
    }
    gilloc_trim(0);
    COUNT_UNLESS(gilloc_page_heap_is_consistent());
  }
  char *zeroed = gilloc_calloc(1, 300 * KIB);
  for (unsigned i = 0; zeroed && i < 300 * KIB; i++)
    COUNT_UNLESS(zeroed[i] == 0);
}

static void test_what_is_locked_is_used_again(void **state)
{
  (void)state;
  in_child(take_and_purge);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_large_block_fills_no_region),
      cmocka_unit_test(test_what_is_locked_is_used_again),
  };
  return cmocka_run_group_tests(tests, hold_gil, drop_gil);
}
