/* flavours: none gil fine fine-slow none-py39 gil-py311 fine-py311 */
/* link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=mremap */
/* SPDX-License-Identifier: MIT
 *
 * test_fault.c: every mapping that the core asks for fails in turn, alone or with all that follow. What
 * cannot be had is NULL with ENOMEM (in CPython's geometries: comes from the raw domain instead), what is
 * live stays whole, and once memory is there again everything works and no mapping has been lost. Each
 * case is a child of its own, so that the n-th mapping is the n-th of a process. The test keeps the set of
 * the core's mappings: pages added by mmap and mremap, taken away by munmap and mremap.
 */
#include "arena_use.h"
#include "expect.h"
#include "fixture.h"

#include "arena.h"
#include "arena_map.h"
#include "depot.h"
#include "large.h"
#include "os_memory.h"
#include "page_heap.h"
#include "purge.h"
#include "tcache.h"

#include <gilloc/gilloc.h>

void *__real_mmap(void *start, size_t bytes, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *start, size_t bytes);
void *__real_mremap(void *start, size_t old_bytes, size_t new_bytes, int flags, ...);
void *__wrap_mmap(void *start, size_t bytes, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *start, size_t bytes);
void *__wrap_mremap(void *start, size_t old_bytes, size_t new_bytes, int flags, ...);

enum { MAX_RANGES = 4096, NEVER = 1 << 30, ITEMS = GILLOC_HAS_LARGE ? 250 : 3000, GROWING = 40 };

/* Addresses that the maps of arenas and pages may have; a region of pages has twice as many. */
enum { MAPS_MAX = 32 << 20 };

struct range {
  uintptr_t from, to;
};

static struct range ranges[MAX_RANGES];
static unsigned range_count;
static unsigned long calls;                              /* of mmap and mremap, since the counting began */
static unsigned long fail_from = NEVER, fail_to = NEVER; /* these of them fail */

static void add_range(uintptr_t from, uintptr_t to)
{
  if (from < to && range_count < MAX_RANGES)
    ranges[range_count++] = (struct range){from, to};
}

static void remove_range(uintptr_t from, uintptr_t to)
{
  for (unsigned i = range_count; i-- > 0;) {
    struct range range = ranges[i];
    if (range.to <= from || to <= range.from)
      continue;
    ranges[i] = ranges[--range_count];
    add_range(range.from, range.from < from ? from : range.from);
    add_range(range.to > to ? to : range.to, range.to);
  }
}

static size_t whole_pages(size_t bytes)
{
  return (bytes + TEST_PAGE - 1) & ~(size_t)(TEST_PAGE - 1);
}

static void note_mapping(const void *start, size_t bytes)
{
  uintptr_t from = (uintptr_t)start, to = from + whole_pages(bytes);
  remove_range(from, to);
  add_range(from, to);
}

/* Nothing is mapped that the core does not know of, and nothing unmapped that it thinks it has. */
static bool is_mapped_as_counted(void)
{
  size_t total = 0;
  for (unsigned i = 0; i < range_count; i++)
    total += ranges[i].to - ranges[i].from;
  return total == gilloc_os_counts().mapped + gilloc_os_counts().reserved;
}

static bool is_to_fail(void)
{
  unsigned long call = calls++;
  if (call < fail_from || call > fail_to)
    return false;
  errno = ENOMEM;
  return true;
}

void *__wrap_mmap(void *start, size_t bytes, int protection, int flags, int fd, off_t offset)
{
  if (is_to_fail())
    return MAP_FAILED;
  void *result = __real_mmap(start, bytes, protection, flags, fd, offset);
  if (result != MAP_FAILED)
    note_mapping(result, bytes);
  return result;
}

int __wrap_munmap(void *start, size_t bytes)
{
  remove_range((uintptr_t)start, (uintptr_t)start + whole_pages(bytes));
  return __real_munmap(start, bytes);
}

void *__wrap_mremap(void *start, size_t old_bytes, size_t new_bytes, int flags, ...)
{
  va_list arguments;
  va_start(arguments, flags);
  void *target = flags & MREMAP_FIXED ? va_arg(arguments, void *) : NULL;
  va_end(arguments);
  if (is_to_fail()) {
    if (target) /* the kernel has unmapped it by the time it finds that it has no memory */
      __wrap_munmap(target, new_bytes);
    errno = ENOMEM;
    return MAP_FAILED;
  }
  void *result = target ? __real_mremap(start, old_bytes, new_bytes, flags, target)
                        : __real_mremap(start, old_bytes, new_bytes, flags);
  if (result == MAP_FAILED)
    return result;
  remove_range((uintptr_t)start, (uintptr_t)start + whole_pages(old_bytes));
  note_mapping(result, new_bytes);
  return result;
}

struct item {
  char *block;
  size_t size;
};

static struct item items[ITEMS];
static unsigned refused;

static bool may_refuse(size_t size)
{
  return GILLOC_HAS_LARGE || size > 512;
}

/* A refusal is NULL with ENOMEM, and only while mappings fail. */
static void note_refusal(size_t size)
{
  refused++;
  COUNT_UNLESS(errno == ENOMEM);
  COUNT_UNLESS(fail_from != NEVER);
  COUNT_UNLESS(may_refuse(size));
}

/* Ends are enough, and do not touch megabytes. */
static size_t end_bytes(const struct item *item)
{
  return item->size < 128 ? item->size / 2 : 64;
}

static void fill_ends(struct item *item, unsigned key)
{
  fill(item->block, end_bytes(item), key);
  fill(item->block + item->size - end_bytes(item), end_bytes(item), key);
}

static bool has_its_ends(const struct item *item, unsigned key)
{
  return is_filled(item->block, end_bytes(item), key) &&
         is_filled(item->block + item->size - end_bytes(item), end_bytes(item), key);
}

static size_t size_of_item(unsigned i)
{
  static const size_t sizes[] = {30000, 16, 30000, 500, 30000, 100000, 30000, 2000, 30000, 1 << 20};
  size_t size = sizes[i % 10];
  return GILLOC_HAS_LARGE || size < 512 ? size : 300 + i % 213;
}

static void *allocate_item(unsigned i)
{
  size_t size = size_of_item(i);
  if (GILLOC_HAS_LARGE && i % 50 == 5)
    return gilloc_aligned_alloc((size_t)1 << 21, size);
  return i % 10 == 3 || i % 10 == 5 ? gilloc_calloc(1, size) : gilloc_malloc(size);
}

static void allocate_items(void)
{
  for (unsigned i = 0; i < ITEMS; i++) {
    errno = 0;
    items[i].size = size_of_item(i);
    items[i].block = allocate_item(i);
    if (items[i].block)
      fill_ends(&items[i], i);
    else
      note_refusal(items[i].size);
  }
}

/* Growth and shrinking, also from one kind of block to another. A failure leaves the old block. */
static void resize_items(void)
{
  for (unsigned i = 0; i < GROWING; i++) {
    struct item *item = &items[i];
    size_t size = i % 4 == 3 ? item->size / 2 + 1 : item->size * 3;
    errno = 0;
    char *block = item->block ? gilloc_realloc(item->block, size) : NULL;
    if (block) {
      COUNT_UNLESS(is_filled(block, end_bytes(item) < size ? end_bytes(item) : size, i));
      *item = (struct item){block, size};
      fill_ends(item, i);
    } else if (item->block) {
      note_refusal(size);
      COUNT_UNLESS(has_its_ends(item, i));
    }
  }
}

static void flush_caches(void)
{
  gilloc_tcache_flush();
  gilloc_depot_drain_all();
}

static void free_items(void)
{
  for (unsigned i = 0; i < ITEMS; i++) {
    if (items[i].block)
      COUNT_UNLESS(has_its_ends(&items[i], i));
    gilloc_free(items[i].block);
  }
  if (GILLOC_HAS_TCACHE)
    flush_caches();
}

static void use_everything(void)
{
  allocate_items();
  resize_items();
  free_items();
}

static size_t purged_pools_bytes(void)
{
  return gilloc_arena_counts().purged_pools << GILLOC_POOL_BITS;
}

static void check_that_all_is_back(void)
{
  gilloc_gil_acquire();
  COUNT_UNLESS(gilloc_arena_is_consistent());
  COUNT_UNLESS(arenas_when_purged() <= GILLOC_ARENA_KEEPS_LAST);
  COUNT_UNLESS(is_mapped_as_counted());
  if (GILLOC_HAS_LARGE) {
    COUNT_UNLESS(gilloc_large_counts().blocks == 0);
    COUNT_UNLESS(gilloc_page_heap_is_consistent());
    COUNT_UNLESS(gilloc_os_counts().reserved - gilloc_page_heap_counts().reserved <= MAPS_MAX);
    gilloc_purge_all();
    /* ThreadSanitizer's thread makes the process one of several: its emptied arenas wait, mapped, for
     * readers. */
    size_t in_pools = gilloc_os_counts().mapped - purged_pools_bytes();
    COUNT_UNLESS(GILLOC_TSAN ? gilloc_os_counts().charged <= in_pools
                             : gilloc_os_counts().charged == in_pools);
    COUNT_UNLESS(is_mapped_as_counted());
  }
  gilloc_gil_release();
}

/* What a process needs that is never refused a mapping; in memory that children share. */
static struct needs {
  unsigned long calls; /* of mmap and mremap */
  size_t mapped;
} * needs;

/* A process that was refused some needs no more afterwards, but for records. */
static void check_that_nothing_is_lost(void)
{
  enum { RECORDS = 1 << 20 };
  COUNT_UNLESS(gilloc_os_counts().mapped <= needs->mapped + RECORDS);
}

/* In a child: the mappings `from` to `to` fail during one round of use, then another must go without a
 * refusal. */
static int suffer(unsigned long from, unsigned long to)
{
  calls = 0;
  fail_from = from;
  fail_to = to;
  use_everything();
  if (GILLOC_HAS_LARGE && from == 0 && to > from)
    COUNT_UNLESS(refused == ITEMS);
  fail_from = fail_to = NEVER;
  check_that_all_is_back();
  refused = 0;
  use_everything();
  COUNT_UNLESS(refused == 0);
  check_that_all_is_back();
  check_that_nothing_is_lost();
  return test_failures ? 1 : 0;
}

/* How many mappings a process asks for that is never refused one. */
static unsigned long count_mappings(void)
{
  needs = __real_mmap(NULL, TEST_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t child = fork();
  if (child == 0) {
    calls = 0;
    use_everything();
    needs->calls = calls;
    check_that_all_is_back();
    use_everything();
    check_that_all_is_back();
    needs->mapped = gilloc_os_counts().mapped;
    _exit(test_failures ? 1 : 0);
  }
  EXPECT_EQ(wait_for_child(child), 0);
  return needs->calls;
}

static void run_cases(bool all_that_follow)
{
  unsigned long mappings = count_mappings();
  EXPECT_TRUE(mappings > 3);
  for (unsigned long n = 0; n <= mappings; n += (GILLOC_TSAN ? 3 : 1) * (1 + all_that_follow)) {
    pid_t child = fork();
    if (child == 0) {
      _exit(suffer(n, all_that_follow ? NEVER - 1 : n));
    }
    int status = wait_for_child(child);
    if (status != 0)
      fail_msg("mapping %lu of %lu fails%s: the child ends with %d", n, mappings,
               all_that_follow ? " and all that follow" : "", status);
  }
}

static void test_every_mapping_may_fail_alone(void **state)
{
  (void)state;
  run_cases(false);
}

static void test_every_mapping_may_fail_with_all_that_follow(void **state)
{
  (void)state;
  run_cases(true);
}

/* Memory comes and goes while blocks live: each is whole whenever it is freed. */
static void test_memory_that_comes_and_goes_loses_nothing(void **state)
{
  (void)state;
  use_everything();
  for (unsigned round = 0; round < 20; round++) {
    calls = 0;
    fail_from = round;
    fail_to = round + 5;
    use_everything();
  }
  fail_from = fail_to = NEVER;
  check_that_all_is_back();
  EXPECT_EQ(test_failures, 0);
}

/* CPython 1.10: a request that finds no arena goes to the raw allocator. */
static void test_cpython_geometries_fall_back_to_the_raw_domain(void **state)
{
  (void)state;
  if (GILLOC_HAS_LARGE)
    skip();
  pid_t child = fork();
  if (child == 0) {
    fail_from = 0;
    calls = 0;
    fail_to = NEVER - 1;
    char *block = gilloc_malloc(100); /* and more, until no arena has room */
    for (unsigned i = 0; i < 100000 && block && gilloc_arena_map_find(block) != 0; i++)
      block = gilloc_malloc(100);
    COUNT_UNLESS(block && gilloc_arena_map_find(block) == 0);
    block = gilloc_realloc(block, 200);
    COUNT_UNLESS(block && gilloc_arena_map_find(block) == 0 && gilloc_usable_size(block) >= 200);
    gilloc_free(block);
    _exit(test_failures ? 1 : 0);
  }
  EXPECT_EQ(wait_for_child(child), 0);
}

static void *use_from_a_new_thread(void *unused)
{
  (void)unused;
  void *block = gilloc_malloc(64);
  COUNT_UNLESS(block || errno == ENOMEM);
  gilloc_free(block);
  return NULL;
}

/* A thread that finds no memory for its own cache. */
static void test_thread_without_memory_for_its_cache_can_allocate_later(void **state)
{
  (void)state;
  if (GILLOC_STRATEGY == GILLOC_STRATEGY_NONE)
    skip();
  gilloc_free(gilloc_malloc(64));
  calls = 0;
  fail_from = 0;
  fail_to = NEVER - 1;
  for (unsigned round = 0; round < 100; round++)
    run_threads(1, use_from_a_new_thread);
  fail_from = fail_to = NEVER;
  run_threads(1, use_from_a_new_thread);
  EXPECT_EQ(test_failures, 0);
}

/* What is mapped is noted here by one thread alone. */
static int purge_in_the_foreground(void **state)
{
  (void)state;
  gilloc_purge_set_background(false);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_mapping_may_fail_alone),
      cmocka_unit_test(test_every_mapping_may_fail_with_all_that_follow),
      cmocka_unit_test(test_memory_that_comes_and_goes_loses_nothing),
      cmocka_unit_test(test_cpython_geometries_fall_back_to_the_raw_domain),
      cmocka_unit_test(test_thread_without_memory_for_its_cache_can_allocate_later),
  };
  return cmocka_run_group_tests(tests, purge_in_the_foreground, NULL);
}
