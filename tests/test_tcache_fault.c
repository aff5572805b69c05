/* flavours: fine fine-classic fine-py311 */
/* link: -Wl,--wrap=gilloc_metadata_take */
/* cost: 8 */
/* optimised: yes */
/* SPDX-License-Identifier: MIT
 *
 * test_tcache_fault.c: every record that the caches ask for (a thread's own, each magazine, and those of
 * arenas beside them) is refused in turn, alone or with all that follow. Blocks keep their contents, none is
 * lost, and with memory again all works. Each case is a child of its own.
 */
#include "tcache_use.h"

#include "metadata.h"

#include <gilloc/gilloc.h>

enum { NEVER = 1 << 30, BLOCKS = 900, SIZES = 5 };

void *__real_gilloc_metadata_take(struct gilloc_metadata *self, bool *fresh);
void *__wrap_gilloc_metadata_take(struct gilloc_metadata *self, bool *fresh);

static unsigned calls, fail_from = NEVER, fail_to = NEVER;

void *__wrap_gilloc_metadata_take(struct gilloc_metadata *self, bool *fresh)
{
  unsigned call = calls++;
  return call >= fail_from && call <= fail_to ? NULL : __real_gilloc_metadata_take(self, fresh);
}

static const size_t sizes[SIZES] = {8, 16, 64, 200, 512};

/* More than two magazines of each size, freed in an order that makes full and empty ones go to the depot. */
static void *use_cache(void *unused)
{
  static char *blocks[BLOCKS];
  (void)unused;
  for (unsigned round = 0; round < 3; round++)
    for (unsigned s = 0; s < SIZES; s++) {
      for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i] = gilloc_malloc(sizes[s]);
        COUNT_UNLESS(blocks[i] || (fail_from != NEVER && errno == ENOMEM));
        if (blocks[i])
          fill(blocks[i], sizes[s], i);
      }
      for (unsigned i = 0; i < BLOCKS; i++) {
        COUNT_UNLESS(!blocks[i] || is_filled(blocks[i], sizes[s], i));
        gilloc_free(blocks[i]);
      }
    }
  check_magazines();
  return NULL;
}

static void suffer(void)
{
  calls = 0;
  use_cache(NULL);
  run_threads(1, use_cache);
  fail_from = fail_to = NEVER;
  use_cache(NULL);
  run_threads(1, use_cache);
  gilloc_tcache_check();
  flush_all();
  COUNT_UNLESS(nothing_is_in_use());
  COUNT_UNLESS(gilloc_arena_is_consistent());
}

static unsigned count_records(void)
{
  int ends[2];
  unsigned count = 0;
  EXPECT_EQ(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    calls = 0;
    use_cache(NULL);
    run_threads(1, use_cache);
    _exit(write(ends[1], &calls, sizeof calls) == sizeof calls ? 0 : 1);
  }
  EXPECT_EQ(wait_for_child(child), 0);
  EXPECT_EQ(read(ends[0], &count, sizeof count), sizeof count);
  close(ends[0]);
  close(ends[1]);
  return count;
}

static void run_cases(bool all_that_follow)
{
  unsigned records = count_records();
  EXPECT_TRUE(records > SIZES);
  for (unsigned n = 0; n < records; n += GILLOC_TSAN ? 7 : 1) {
    fail_from = n;
    fail_to = all_that_follow ? NEVER - 1 : n;
    int status = threads_fork(suffer);
    if (status != 0)
      fail_msg("record %u of %u is refused%s: the child ends with %#x", n, records,
               all_that_follow ? " and all that follow" : "", (unsigned)status);
  }
  fail_from = fail_to = NEVER;
}

static void test_every_record_may_be_refused_alone(void **state)
{
  (void)state;
  run_cases(false);
}

static void test_every_record_may_be_refused_with_all_that_follow(void **state)
{
  (void)state;
  run_cases(true);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TCACHE_TEST(test_every_record_may_be_refused_alone),
      TCACHE_TEST(test_every_record_may_be_refused_with_all_that_follow),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
