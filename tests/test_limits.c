/* flavours: none gil fine */
/* link: -Wl,--wrap=madvise,--wrap=gilloc_purge_all */
/* cost: 7 */
/* optimised: yes */
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
#include "central.h"
#include "depot.h"
#include "metadata.h"
#include "os_memory.h"
#include "page_heap.h"
#include "purge.h"
#include "size_class.h"
#include "tcache.h"

#include <gilloc/gilloc.h>
#include <gilloc/options.h>

enum { MIB = 1 << 20, LIMIT = 48 * MIB, THREADS = 4, ROUNDS = GILLOC_TSAN ? 2 : 6 };

int __real_madvise(void *start, size_t bytes, int advice);
int __wrap_madvise(void *start, size_t bytes, int advice);
size_t __real_gilloc_purge_all(void);
size_t __wrap_gilloc_purge_all(void);

static atomic_bool is_locked;
static atomic_bool is_overtaken;
static atomic_uint purges_asked;

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

/* Takes blocks until there are none, or so many that there is no limit; the bytes taken. */
static size_t take_all(struct link **list, enum way way, size_t size)
{
  size_t bytes = 0;
  struct link *link;
  errno = 0;
  while (bytes < 4 * (size_t)LIMIT && (link = ask(way, size)) != NULL) {
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

/* Where another thread purges at the same time, it may find everything first. */
size_t __wrap_gilloc_purge_all(void)
{
  purges_asked++;
  if (is_overtaken)
    __real_gilloc_purge_all();
  return __real_gilloc_purge_all();
}

/* Leaves nothing below the limit for arenas or for pages: all of it is free, and was the other's. A block in
 * every arena stays in `*staying`. */
static void fill_and_free(struct link **staying, bool with_pages)
{
  enum { SMALL = 600, LARGE = 300000, PAGES = 33000, AN_ARENA = GILLOC_ARENA_SIZE / SMALL / 2 };
  struct link *list = NULL, *pages = NULL;
  take_all(&list, BY_MALLOC, with_pages ? LARGE : SMALL);
  take_all(with_pages ? &list : &pages, BY_MALLOC, PAGES);
  for (unsigned i = 0; list; i++) {
    struct link *link = list;
    list = link->next;
    bool stays = !with_pages && i % AN_ARENA == 0;
    link->next = stays ? *staying : NULL;
    if (stays)
      *staying = link;
    else
      gilloc_free(link);
  }
  while (pages) { /* they are not to be had */
    struct link *link = pages;
    pages = link->next;
    link->next = *staying;
    *staying = link;
  }
}

/* Not the own purge brings the memory: it is there all the same. */
static void test_request_is_made_again_whoever_purged(void **state)
{
  (void)state;
  gilloc_purge_set_decay_ms(GILLOC_PURGE_NEVER);
  for (unsigned i = 0; i < SIZES; i++) {
    struct link *staying = NULL;
    gilloc_central_counts(0); /* puts the spare pool of none and gil back */
    gilloc_trim(0);
    fill_and_free(&staying, sizes[i] <= GILLOC_BLOCK_MAX);
    is_overtaken = true;
    purges_asked = 0;
    char *block = gilloc_malloc(sizes[i]);
    is_overtaken = false;
    EXPECT_NOT_NULL(block);
    EXPECT_EQ(purges_asked, 1);
    gilloc_free(block);
    put_all(staying);
  }
  gilloc_purge_set_decay_ms(GILLOC_PURGE_DECAY_MS);
  EXPECT_EQ(test_failures, 0);
}

/* The own cache's loaded magazines, too: one of every class is more pools than there are. */
static void test_every_class_in_turn_is_served_from_one_arena(void **state)
{
  (void)state;
  gilloc_free(gilloc_malloc(1)); /* an arena stays from now on */
  gilloc_trim(0);
  size_t purged = gilloc_arena_counts().purged_pools << GILLOC_POOL_BITS;
  EXPECT_LE(gilloc_arena_counts().mapped_now, 1);
  set_limit(GILLOC_OPTION_HARD_LIMIT, (int64_t)(gilloc_os_counts().charged + purged + MIB));
  for (unsigned round = 0; round < 2; round++)
    for (unsigned i = 0; i < GILLOC_CLASS_COUNT; i++) {
      void *block = gilloc_malloc(gilloc_size_class_bytes(i));
      EXPECT_NOT_NULL(block);
      gilloc_free(block);
    }
}

/* One of every class lies in the own cache's loaded magazines, each alone in its pool. */
static void test_large_block_gets_what_the_own_cache_holds(void **state)
{
  (void)state;
  if (!GILLOC_HAS_TCACHE)
    skip();
  for (unsigned i = 0; i < GILLOC_CLASS_COUNT; i++)
    gilloc_free(gilloc_malloc(gilloc_size_class_bytes(i)));
  set_limit(GILLOC_OPTION_HARD_LIMIT, (int64_t)gilloc_os_counts().charged);
  void *block = gilloc_malloc(MIB);
  EXPECT_NOT_NULL(block);
  gilloc_free(block);
}

static void *ask_once(void *unused)
{
  gilloc_free(gilloc_malloc(64));
  return unused;
}

/* The record of a cache that could not be is another thread's. */
static void test_threads_without_a_cache_cost_nothing(void **state)
{
  struct gilloc_magazine *list = NULL, *magazine;
  (void)state;
  if (!GILLOC_HAS_TCACHE)
    skip();
  run_threads(1, ask_once);
  set_limit(GILLOC_OPTION_HARD_LIMIT, (int64_t)gilloc_os_counts().charged);
  while ((magazine = gilloc_depot_new_magazine()) != NULL) {
    magazine->next = list;
    list = magazine;
  }
  for (unsigned i = 0; i < 2 * GILLOC_METADATA_CHUNK / sizeof(struct gilloc_tcache_rest); i++)
    run_threads(1, ask_once);
  while ((magazine = list) != NULL) {
    list = magazine->next;
    gilloc_depot_free_magazine(magazine);
  }
  set_limit(GILLOC_OPTION_HARD_LIMIT, 0);
  size_t mapped = gilloc_os_counts().mapped;
  run_threads(1, ask_once);
  EXPECT_EQ(gilloc_os_counts().mapped, mapped);
}

/* Nothing is lost where an arena or pages are refused, as often as may be: there is room for records. */
static void test_refusals_cost_nothing(void **state)
{
  enum { TIMES = 300, SMALL = 600, LARGE = 8 * MIB };
  struct link *list = NULL;
  (void)state;
  take_all(&list, BY_MALLOC, SMALL);
  set_limit(GILLOC_OPTION_HARD_LIMIT, (int64_t)gilloc_os_counts().charged + 3 * MIB);
  struct gilloc_os_counts before = gilloc_os_counts();
  for (unsigned i = 0; i < TIMES; i++) {
    EXPECT_NULL(gilloc_malloc(SMALL));
    EXPECT_NULL(gilloc_malloc(LARGE));
  }
  EXPECT_EQ(gilloc_os_counts().mapped, before.mapped);
  EXPECT_EQ(gilloc_os_counts().charged, before.charged);
  EXPECT_EQ(gilloc_os_counts().reserved, before.reserved);
  put_all(list);
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
  __real_madvise(start, bytes - TEST_PAGE, advice);
  errno = EINVAL;
  return -1;
}

static void trim_what_is_locked(void)
{
  is_locked = true;
  errno = 4711;
  gilloc_trim(0);
  EXPECT_EQ(errno, 4711);
  is_locked = false;
}

/* All but a few pools of an arena: whoever takes as many again takes the same. */
enum { SIZE = 1024, BLOCKS = (GILLOC_ARENA_POOLS - 4) * GILLOC_POOL_SIZE / SIZE };

static char *blocks[BLOCKS];

static void take_blocks(void)
{
  for (unsigned i = 0; i < BLOCKS; i++)
    blocks[i] = memset(gilloc_malloc(SIZE), 1, SIZE);
}

static void put_blocks(void)
{
  for (unsigned i = 0; i < BLOCKS; i++)
    gilloc_free(blocks[i]);
}

static size_t pools_now(void)
{
  return gilloc_central_counts(gilloc_size_class_of(SIZE)).pools;
}

/* A pool that kept a list that is zero by now would have lost its blocks, and others would be needed. */
static void test_pools_that_went_back_in_part_start_anew(void **state)
{
  (void)state;
  char *keeps_the_arena = gilloc_malloc(2 * SIZE);
  take_blocks();
  size_t pools = pools_now();
  put_blocks();
  trim_what_is_locked();
  EXPECT_TRUE(gilloc_arena_counts().dirty_pools >= pools - 2); /* none of them counts as gone */
  take_blocks();
  EXPECT_LE(pools_now(), pools);
  put_blocks();
  gilloc_free(keeps_the_arena);
  gilloc_trim(0);
  EXPECT_TRUE(gilloc_arena_is_consistent());
}

/* Pages that may have gone, or not, are neither clean nor off the count. */
static void test_pages_that_went_back_in_part_are_dirty(void **state)
{
  enum { BYTES = 34 * MIB };
  (void)state;
  char *block = memset(gilloc_malloc(BYTES), 1, BYTES), *keeps_the_region = gilloc_malloc(2 * MIB);
  gilloc_free(block);
  size_t charged = gilloc_os_counts().charged, dirty = gilloc_page_heap_purgeable();
  EXPECT_TRUE(dirty >= BYTES);
  trim_what_is_locked();
  EXPECT_LE(charged, gilloc_os_counts().charged);
  EXPECT_EQ(gilloc_page_heap_purgeable(), dirty);
  is_locked = true;
  block = gilloc_calloc(1, BYTES);
  is_locked = false;
  for (size_t i = 0; i < BYTES; i++)
    COUNT_UNLESS(block[i] == 0);
  EXPECT_EQ(test_failures, 0);
  EXPECT_TRUE(gilloc_page_heap_is_consistent());
  gilloc_free(block);
  gilloc_free(keeps_the_region);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(test_every_size_gets_what_the_one_before_it_had),
      TEST(test_request_is_made_again_whoever_purged),
      TEST(test_every_class_in_turn_is_served_from_one_arena),
      TEST(test_large_block_gets_what_the_own_cache_holds),
      TEST(test_threads_without_a_cache_cost_nothing),
      TEST(test_refusals_cost_nothing),
      TEST(test_four_threads_at_the_limit_go_on),
      TEST(test_refusal_of_one_is_not_another_s),
      TEST(test_soft_limit_gives_back_before_more_is_taken),
      TEST(test_pools_that_went_back_in_part_start_anew),
      TEST(test_pages_that_went_back_in_part_are_dirty),
  };
  return cmocka_run_group_tests(tests, hold_gil, drop_gil);
}
