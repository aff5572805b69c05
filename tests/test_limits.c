/* flavours: none gil fine */
/* link: -Wl,--wrap=madvise */
/* SPDX-License-Identifier: MIT
 *
 * test_limits.c: at the hard limit, in every way of asking, from one thread and from several: NULL with
 * ENOMEM, what is live stays whole, what is freed can be had again in any class. Above the soft limit all
 * that is free goes back. Memory that the kernel will not take back is not mistaken for memory that it has
 * taken.
 */
#include "expect.h"
#include "fixture.h"
#include "threads.h"

#include "arena.h"
#include "os_memory.h"
#include "purge.h"

#include <gilloc/gilloc.h>
#include <gilloc/options.h>

enum { MIB = 1 << 20, LIMIT = 48 * MIB, THREADS = 4, ROUNDS = 6 };

int __real_madvise(void *start, size_t bytes, int advice);
int __wrap_madvise(void *start, size_t bytes, int advice);

static bool is_locked;

static void set_limit(enum gilloc_option option, int64_t bytes)
{
  EXPECT_EQ(gilloc_options_set(option, bytes), 0);
}

static int begin(void **state)
{
  threads_begin(state);
  gilloc_trim(0);
  set_limit(GILLOC_OPTION_HARD_LIMIT, (int64_t)gilloc_os_counts().charged + LIMIT);
  return 0;
}

static int end(void **state)
{
  (void)state;
  set_limit(GILLOC_OPTION_HARD_LIMIT, 0);
  set_limit(GILLOC_OPTION_SOFT_LIMIT, 0);
  return 0;
}

/* A list of blocks, each with its size's last byte written. */
struct link {
  struct link *next;
  size_t size;
};

enum way { BY_MALLOC, BY_CALLOC, BY_REALLOC, BY_ALIGNED, WAYS };

static void *ask(enum way way, size_t size)
{
  if (way == BY_CALLOC)
    return gilloc_calloc(1, size);
  if (way == BY_ALIGNED)
    return gilloc_aligned_alloc(64, size);
  void *small = way == BY_REALLOC ? gilloc_malloc(size / 2 + 1) : NULL;
  if (!small)
    return way == BY_MALLOC ? gilloc_malloc(size) : NULL;
  void *grown = gilloc_realloc(small, size);
  if (!grown) {
    int error = errno;
    gilloc_free(small);
    errno = error;
  }
  return grown;
}

/* Takes blocks until there are none, or `most`; the bytes taken. */
static size_t take_all(struct link **list, enum way way, size_t size)
{
  size_t bytes = 0;
  struct link *link;
  errno = 0;
  while ((link = ask(way, size)) != NULL) {
    *link = (struct link){*list, size};
    ((char *)link)[size - 1] = 1;
    *list = link;
    bytes += size;
  }
  COUNT_UNLESS(errno == ENOMEM);
  return bytes;
}

static void put_all(struct link *list)
{
  while (list) {
    struct link *next = list->next;
    COUNT_UNLESS(list->size <= sizeof *list || ((char *)list)[list->size - 1] == 1);
    gilloc_free(list);
    list = next;
  }
}

static const size_t sizes[] = {24, 112, 600, 5000, 30000, 40000, 300000, 3 * MIB};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Each size in turn gets nearly all that the one before it had. */
static void test_every_size_gets_what_the_one_before_it_had(void **state)
{
  (void)state;
  for (unsigned way = 0; way < WAYS; way++)
    for (unsigned i = 0; i < SIZES; i++) {
      struct link *list = NULL;
      size_t taken = take_all(&list, (enum way)way, sizes[i]);
      EXPECT_TRUE(taken >= LIMIT / 3); /* 24 bytes at a multiple of 64 are 64 */
      EXPECT_LE(taken, LIMIT);
      put_all(list);
    }
  EXPECT_EQ(test_failures, 0);
}

static void *take_and_put(void *argument)
{
  unsigned seed = (unsigned)(uintptr_t)argument;
  for (unsigned round = 0; round < ROUNDS; round++) {
    struct link *list = NULL;
    take_all(&list, (enum way)((seed + round) % WAYS), sizes[(seed * 3 + round) % SIZES]);
    put_all(list);
  }
  return NULL;
}

static void test_four_threads_at_the_limit_go_on(void **state)
{
  (void)state;
  if (GILLOC_STRATEGY == GILLOC_STRATEGY_NONE)
    skip();
  drop_gil(state);
  pthread_t ids[THREADS];
  for (uintptr_t i = 0; i < THREADS; i++)
    threads_start(&ids[i], take_and_put, (void *)i);
  for (unsigned i = 0; i < THREADS; i++)
    threads_join(ids[i]);
  hold_gil(state);
  struct link *list = NULL;
  EXPECT_TRUE(take_all(&list, BY_MALLOC, 112) >= LIMIT / 2);
  put_all(list);
  EXPECT_EQ(test_failures, 0);
}

static atomic_bool is_over;

static void *ask_for_too_much(void *unused)
{
  while (!atomic_load(&is_over))
    COUNT_UNLESS(!gilloc_os_charge((size_t)1 << 40));
  return unused;
}

/* Who asks for more than there will ever be harms nobody else. */
static void test_refusal_of_one_is_not_another_s(void **state)
{
  pthread_t id;
  (void)state;
  atomic_store(&is_over, false);
  threads_start(&id, ask_for_too_much, NULL);
  for (unsigned i = 0; i < 200000; i++) {
    bool is_charged = gilloc_os_charge(TEST_PAGE);
    COUNT_UNLESS(is_charged);
    if (is_charged)
      gilloc_os_discharge(TEST_PAGE);
  }
  atomic_store(&is_over, true);
  threads_join(id);
  EXPECT_EQ(test_failures, 0);
}

static void test_soft_limit_gives_back_before_more_is_taken(void **state)
{
  struct link *list = NULL;
  (void)state;
  take_all(&list, BY_MALLOC, 300000);
  put_all(list);
  EXPECT_TRUE(gilloc_purge_counts().purgeable >= LIMIT / 4);
  set_limit(GILLOC_OPTION_SOFT_LIMIT, (int64_t)gilloc_os_counts().charged - LIMIT / 4);
  void *more = gilloc_malloc(3 * MIB); /* more than a thread's own cache can have */
  EXPECT_LE(gilloc_purge_counts().purgeable, MIB);
  gilloc_free(more);
}

/* As with pages locked in memory: the kernel takes what comes before them, and refuses. */
int __wrap_madvise(void *start, size_t bytes, int advice)
{
  if (!is_locked || advice != MADV_DONTNEED)
    return __real_madvise(start, bytes, advice);
  __real_madvise(start, bytes / 2 & ~(size_t)(TEST_PAGE - 1), advice);
  errno = EINVAL;
  return -1;
}

static void test_pools_that_went_back_in_part_start_anew(void **state)
{
  enum { SIZE = 1024, BLOCKS = 16 * GILLOC_POOL_SIZE / SIZE };
  static char *blocks[BLOCKS];
  (void)state;
  for (unsigned i = 0; i < BLOCKS; i++)
    blocks[i] = memset(gilloc_malloc(SIZE), 1, SIZE);
  char *keeps_the_arena = gilloc_malloc(2 * SIZE);
  for (unsigned i = 0; i < BLOCKS; i++)
    gilloc_free(blocks[i]);
  is_locked = true;
  gilloc_trim(0);
  is_locked = false;
  for (unsigned i = 0; i < BLOCKS; i++)
    blocks[i] = memset(gilloc_malloc(SIZE), 1, SIZE);
  for (unsigned i = 0; i < BLOCKS; i++)
    gilloc_free(blocks[i]);
  gilloc_free(keeps_the_arena);
  gilloc_trim(0);
  EXPECT_TRUE(gilloc_arena_is_consistent());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(test_every_size_gets_what_the_one_before_it_had),
      TEST(test_four_threads_at_the_limit_go_on),
      TEST(test_refusal_of_one_is_not_another_s),
      TEST(test_soft_limit_gives_back_before_more_is_taken),
      TEST(test_pools_that_went_back_in_part_start_anew),
  };
  return cmocka_run_group_tests(tests, hold_gil, drop_gil);
}
