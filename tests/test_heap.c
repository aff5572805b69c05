/* flavours: all */
/* optimised: yes */
/* SPDX-License-Identifier: MIT
 *
 * test_heap.c: the public functions, in every flavour, by their contract in gilloc/gilloc.h.
 */
#include "expect.h"
#include "fixture.h"
#include "impossible_sizes.h"

#include "heap_check.h"
#include "size_class.h"

#include <gilloc/gilloc.h>

enum { CROWD = 3000 };

static uint64_t seed;

/* Sizes around every border there is. */
static const size_t some_sizes[] = {1,     7,     8,     9,     15,    16,     17,     31,     100,
                                    255,   256,   257,   511,   512,   513,    600,    640,    641,
                                    1000,  1024,  1025,  4095,  4096,  4097,   8192,   9999,   16384,
                                    32767, 32768, 32769, 65535, 65536, 131072, 500000, 3000000};
/* Walking the largest byte by byte takes seconds under ThreadSanitizer. */
enum { SOME_SIZES = sizeof some_sizes / sizeof some_sizes[0] - (GILLOC_TSAN ? 1 : 0) };

static bool is_zero(const void *block, size_t size)
{
  const unsigned char *bytes = block;
  for (size_t i = 0; i < size; i++)
    if (bytes[i] != 0)
      return false;
  return true;
}

static void test_malloc_aligns_every_size(void **state)
{
  (void)state;
  for (size_t size = 1; size < 40000; size += size < 2000 ? 1 : 97) {
    void *block = gilloc_malloc(size);
    EXPECT_NOT_NULL(block);
    EXPECT_ALIGNED(block, GILLOC_ALIGNMENT);
    gilloc_free(block);
  }
}

static void test_blocks_do_not_overlap(void **state)
{
  (void)state;
  static void *blocks[CROWD];
  for (unsigned i = 0; i < CROWD; i++) {
    blocks[i] = gilloc_malloc(some_sizes[i % 28]);
    fill(blocks[i], some_sizes[i % 28], i);
  }
  for (unsigned i = 0; i < CROWD; i++)
    EXPECT_TRUE(is_filled(blocks[i], some_sizes[i % 28], i));
  for (unsigned i = 0; i < CROWD; i++)
    gilloc_free(blocks[i]);
}

static void test_zero_bytes_are_unique_blocks(void **state)
{
  (void)state;
  void *blocks[] = {gilloc_malloc(0),    gilloc_malloc(0),           gilloc_calloc(0, 8),
                    gilloc_calloc(8, 0), gilloc_realloc(NULL, 0),    gilloc_reallocarray(NULL, 0, 4),
                    gilloc_malloc(1),    gilloc_aligned_alloc(64, 0)};
  enum { COUNT = sizeof blocks / sizeof blocks[0] };
  for (unsigned i = 0; i < COUNT; i++) {
    EXPECT_NOT_NULL(blocks[i]);
    for (unsigned j = 0; j < i; j++)
      EXPECT_PTR_NE(blocks[i], blocks[j]);
  }
  for (unsigned i = 0; i < COUNT; i++)
    gilloc_free(blocks[i]);
}

static void test_sizes_over_ptrdiff_max_are_null_with_enomem(void **state)
{
  (void)state;
  static const size_t sizes[] = {PTRDIFF_MAX, (size_t)PTRDIFF_MAX + 1, SIZE_MAX - 4096, SIZE_MAX - 1,
                                 SIZE_MAX};
  for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    errno = 0;
    EXPECT_NULL(gilloc_malloc(sizes[i]));
    EXPECT_EQ(errno, ENOMEM);
    errno = 0;
    EXPECT_NULL(gilloc_calloc(1, sizes[i]));
    EXPECT_EQ(errno, ENOMEM);
    errno = 0;
    EXPECT_NULL(gilloc_aligned_alloc(4096, sizes[i]));
    EXPECT_EQ(errno, ENOMEM);
  }
}

static void test_products_that_overflow_are_null_with_enomem(void **state)
{
  (void)state;
  static const size_t factors[][2] = {{SIZE_MAX, 2},
                                      {2, SIZE_MAX},
                                      {SIZE_MAX / 2 + 1, 2},
                                      {SIZE_MAX, SIZE_MAX},
                                      {(size_t)1 << 32, (size_t)1 << 32},
                                      {SIZE_MAX / 16 + 1, 16},
                                      {(size_t)1 << 62, 3}};
  for (unsigned i = 0; i < sizeof factors / sizeof factors[0]; i++) {
    errno = 0;
    EXPECT_NULL(gilloc_calloc(factors[i][0], factors[i][1]));
    EXPECT_EQ(errno, ENOMEM);
    errno = 0;
    EXPECT_NULL(gilloc_reallocarray(NULL, factors[i][0], factors[i][1]));
    EXPECT_EQ(errno, ENOMEM);
  }
}

static void test_realloc_that_fails_leaves_the_block(void **state)
{
  (void)state;
  for (unsigned i = 0; i < SOME_SIZES; i++) {
    void *block = gilloc_malloc(some_sizes[i]);
    fill(block, some_sizes[i], i);
    errno = 0;
    EXPECT_NULL(gilloc_realloc(block, PTRDIFF_MAX));
    EXPECT_EQ(errno, ENOMEM);
    EXPECT_NULL(gilloc_realloc(block, SIZE_MAX));
    EXPECT_NULL(gilloc_reallocarray(block, SIZE_MAX / 2, 3));
    EXPECT_TRUE(is_filled(block, some_sizes[i], i));
    gilloc_free(block);
  }
}

static void test_free_keeps_errno(void **state)
{
  (void)state;
  void *blocks[SOME_SIZES];
  for (unsigned i = 0; i < SOME_SIZES; i++)
    blocks[i] = gilloc_malloc(some_sizes[i]);
  errno = 4711;
  for (unsigned i = 0; i < SOME_SIZES; i++)
    gilloc_free(blocks[i]);
  gilloc_free(NULL);
  EXPECT_EQ(errno, 4711);
}

static void test_usable_size_is_the_class_for_small_blocks_and_enough_for_all(void **state)
{
  (void)state;
  EXPECT_EQ(gilloc_usable_size(NULL), 0);
  for (unsigned i = 0; i < SOME_SIZES; i++) {
    void *block = gilloc_malloc(some_sizes[i]);
    size_t usable = gilloc_usable_size(block);
    EXPECT_TRUE(usable >= some_sizes[i]);
    if (some_sizes[i] <= GILLOC_BLOCK_MAX)
      EXPECT_EQ(usable, gilloc_size_class_bytes(gilloc_size_class_of(some_sizes[i])));
    gilloc_free(block);
  }
}

static void test_all_usable_bytes_may_be_written(void **state)
{
  (void)state;
  void *blocks[SOME_SIZES];
  for (unsigned i = 0; i < SOME_SIZES; i++) {
    blocks[i] = gilloc_malloc(some_sizes[i]);
    fill(blocks[i], gilloc_usable_size(blocks[i]), i);
  }
  for (unsigned i = 0; i < SOME_SIZES; i++) {
    EXPECT_TRUE(is_filled(blocks[i], gilloc_usable_size(blocks[i]), i));
    gilloc_free(blocks[i]);
  }
}

static void test_calloc_zeroes_fresh_memory(void **state)
{
  (void)state;
  for (unsigned i = 0; i < SOME_SIZES; i++) {
    void *block = gilloc_calloc(some_sizes[i], 1);
    EXPECT_TRUE(is_zero(block, some_sizes[i]));
    gilloc_free(block);
  }
}

static void test_calloc_zeroes_memory_used_before(void **state)
{
  (void)state;
  for (unsigned i = 0; i < SOME_SIZES; i++) {
    void *blocks[4];
    for (unsigned k = 0; k < 4; k++) {
      blocks[k] = gilloc_malloc(some_sizes[i]);
      memset(blocks[k], 0xff, gilloc_usable_size(blocks[k]));
    }
    for (unsigned k = 0; k < 4; k++)
      gilloc_free(blocks[k]);
    for (unsigned k = 0; k < 4; k++) {
      blocks[k] = gilloc_calloc(1, some_sizes[i]);
      EXPECT_TRUE(is_zero(blocks[k], some_sizes[i]));
    }
    for (unsigned k = 0; k < 4; k++)
      gilloc_free(blocks[k]);
  }
}

static void test_calloc_multiplies(void **state)
{
  (void)state;
  void *block = gilloc_calloc(30, 33);
  EXPECT_TRUE(gilloc_usable_size(block) >= 990);
  EXPECT_TRUE(is_zero(block, 990));
  gilloc_free(block);
}

static void test_realloc_of_null_allocates(void **state)
{
  (void)state;
  void *block = gilloc_realloc(NULL, 100);
  fill(block, 100, 1);
  EXPECT_TRUE(gilloc_usable_size(block) >= 100);
  gilloc_free(block);
}

/* From every size to every size. */
static void test_realloc_keeps_the_contents(void **state)
{
  (void)state;
  for (unsigned from = 0; from < SOME_SIZES; from++)
    for (unsigned to = 0; to < SOME_SIZES; to += 1 + from % 3) {
      size_t kept = some_sizes[from] < some_sizes[to] ? some_sizes[from] : some_sizes[to];
      char *block = gilloc_malloc(some_sizes[from]);
      fill(block, some_sizes[from], from);
      block = gilloc_realloc(block, some_sizes[to]);
      EXPECT_NOT_NULL(block);
      EXPECT_ALIGNED(block, GILLOC_ALIGNMENT);
      EXPECT_TRUE(is_filled(block, kept, from));
      EXPECT_TRUE(gilloc_usable_size(block) >= some_sizes[to]);
      gilloc_free(block);
    }
}

static void test_realloc_to_zero_gives_a_block(void **state)
{
  (void)state;
  for (unsigned i = 0; i < SOME_SIZES; i++) {
    void *block = gilloc_realloc(gilloc_malloc(some_sizes[i]), 0);
    EXPECT_NOT_NULL(block);
    gilloc_free(block);
  }
}

static void test_block_shrunk_to_more_than_three_quarters_stays(void **state)
{
  (void)state;
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++) {
    size_t bytes = gilloc_size_class_bytes(c);
    for (size_t size = bytes * 3 / 4 + 1; size <= bytes; size += size < 600 ? 1 : 101) {
      if (GILLOC_SIZE_TELLS_CLASS && size <= GILLOC_LINEAR_MAX && gilloc_size_class_of(size) != c)
        continue;
      void *block = gilloc_malloc(bytes);
      EXPECT_PTR_EQ(gilloc_realloc(block, size), block);
      gilloc_free(block);
    }
  }
}

/* What a sized free relies on. */
static void test_small_block_is_always_of_its_sizes_class(void **state)
{
  (void)state;
  if (!GILLOC_SIZE_TELLS_CLASS)
    skip();
  for (unsigned c = 1; c < GILLOC_LINEAR_CLASSES; c++) {
    size_t smaller = gilloc_size_class_bytes(c - 1);
    void *block = gilloc_realloc(gilloc_malloc(gilloc_size_class_bytes(c)), smaller);
    EXPECT_EQ(gilloc_usable_size(block), smaller);
    gilloc_free_sized(block, smaller);
  }
}

/* CPython's rule to the letter: also where the smaller block is of the same class. */
static void test_block_shrunk_to_three_quarters_moves_where_cpythons_does(void **state)
{
  (void)state;
  if (!GILLOC_POOL_HEADER_INLINE)
    skip();
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++) {
    void *block = gilloc_malloc(gilloc_size_class_bytes(c));
    void *smaller = gilloc_realloc(block, gilloc_size_class_bytes(c) * 3 / 4);
    EXPECT_PTR_NE(smaller, block);
    gilloc_free(smaller);
  }
}

static void test_growth_within_the_class_stays(void **state)
{
  (void)state;
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++) {
    size_t bytes = gilloc_size_class_bytes(c);
    void *block = gilloc_malloc(bytes - GILLOC_ALIGNMENT + 1);
    EXPECT_PTR_EQ(gilloc_realloc(block, bytes), block);
    gilloc_free(block);
  }
}

static void test_reallocarray_multiplies_and_keeps_contents(void **state)
{
  (void)state;
  void *block = gilloc_reallocarray(NULL, 10, 10);
  fill(block, 100, 5);
  block = gilloc_reallocarray(block, 1000, 10);
  EXPECT_TRUE(gilloc_usable_size(block) >= 10000);
  EXPECT_TRUE(is_filled(block, 100, 5));
  gilloc_free(block);
}

struct item {
  char *block;
  size_t size;
  unsigned key;
};

/* Sizes to 70,000 bytes, most of them small. */
static size_t random_size(struct test_random *random)
{
  return random_below(random, 1U << (4 + random_below(random, 13))) + random_below(random, 4);
}

static void change_item(struct item *item, struct test_random *random)
{
  size_t size = random_size(random), kept = size < item->size ? size : item->size;
  item->block = gilloc_realloc(item->block, size);
  EXPECT_TRUE(is_filled(item->block, kept, item->key));
  item->size = size;
  fill(item->block, size, item->key);
}

static void replace_item(struct item *item, struct test_random *random, unsigned key)
{
  EXPECT_TRUE(is_filled(item->block, item->size, item->key));
  gilloc_free(item->block);
  item->size = random_size(random);
  item->key = key;
  item->block = gilloc_malloc(item->size);
  EXPECT_NOT_NULL(item->block);
  fill(item->block, item->size, key);
}

static void test_contents_survive_a_random_storm(void **state)
{
  (void)state;
  static struct item items[500];
  struct test_random random = {seed};
  memset(items, 0, sizeof items);
  for (unsigned step = 0; step < 30000 / TEST_DIVISOR; step++) {
    struct item *item = &items[random_below(&random, 500)];
    if (item->block && random_below(&random, 3) == 0)
      change_item(item, &random);
    else
      replace_item(item, &random, step);
  }
  for (unsigned i = 0; i < 500; i++)
    gilloc_free(items[i].block);
}

static void test_flavour_names_what_was_built(void **state)
{
  (void)state;
  static const char *const strategies[] = {"none", "gil", "fine"};
  static const char *const locks[] = {"none", "pthread", "futex", "fas", "ticket", "mcs"};
  EXPECT_STREQ(gilloc_flavour().strategy, strategies[GILLOC_STRATEGY]);
  EXPECT_STREQ(gilloc_flavour().lock, locks[GILLOC_LOCK]);
  EXPECT_STREQ(gilloc_flavour().geometry, GILLOC_POOL_SIZE == 65536   ? "wide"
                                          : GILLOC_POOL_SIZE == 16384 ? "py311"
                                          : GILLOC_ALIGNMENT == 16    ? "py39"
                                                                      : "classic");
}

static void test_version_is_three_numbers(void **state)
{
  (void)state;
  unsigned major, minor, patch;
  char rest;
  EXPECT_EQ(sscanf(gilloc_version(), "%u.%u.%u%c", &major, &minor, &patch, &rest), 3);
}

static void test_free_sized_takes_every_size_that_malloc_does(void **state)
{
  (void)state;
  gilloc_free_sized(NULL, 0);
  gilloc_free_sized(gilloc_malloc(0), 0);
  for (unsigned round = 0; round < 3; round++)
    for (unsigned i = 0; i < SOME_SIZES; i++) {
      char *block = gilloc_malloc(some_sizes[i]);
      fill(block, some_sizes[i], i);
      gilloc_free_sized(block, some_sizes[i]);
    }
}

/* The size is of another class than the block. */
static void test_free_sized_takes_a_block_that_realloc_left_in_place(void **state)
{
  static void *blocks[CROWD];
  (void)state;
  for (unsigned round = 0; round < 2; round++) {
    for (unsigned i = 0; i < CROWD; i++)
      blocks[i] = gilloc_realloc(gilloc_malloc(128), 100);
    for (unsigned i = 0; i < CROWD; i++)
      gilloc_free_sized(blocks[i], 100);
    for (unsigned i = 0; i < CROWD; i++) {
      blocks[i] = gilloc_malloc(112);
      EXPECT_LE(gilloc_usable_size(blocks[i]), 112);
    }
    for (unsigned i = 0; i < CROWD; i++)
      gilloc_free(blocks[i]);
  }
}

/* What a child that frees `p`, which is free, says on standard error before it dies: there, or in `fine` when
 * it would be handed out for the second time. */
static void hear_panic(void *p, char *said, size_t bytes)
{
  int ends[2];
  size_t length = 0;
  EXPECT_EQ(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    signal(SIGABRT, SIG_DFL);
    dup2(ends[1], STDERR_FILENO);
    gilloc_free(p);
    void *one = gilloc_malloc(64), *other = gilloc_malloc(64);
    _exit(one == other);
  }
  close(ends[1]);
  for (ssize_t got = 1; got > 0 && length < bytes - 1; length += (size_t)(got > 0 ? got : 0))
    got = read(ends[0], said + length, bytes - 1 - length);
  said[length] = 0;
  close(ends[0]);
  EXPECT_EQ(wait_for_child(child), 128 + SIGABRT);
}

static void test_panic_is_one_line_that_names_the_pointer(void **state)
{
  (void)state;
  char said[1000], name[32];
  char *before = gilloc_malloc(64), *block = gilloc_malloc(64), *after = gilloc_malloc(64);
  snprintf(name, sizeof name, "%p", (void *)block);
  gilloc_free(block);
  hear_panic(block, said, sizeof said);
  EXPECT_EQ(strncmp(said, "gilloc: ", 8), 0);
  EXPECT_NOT_NULL(strstr(said, name));
  EXPECT_PTR_EQ(strchr(said, '\n'), said + strlen(said) - 1);
  gilloc_free(before);
  gilloc_free(after);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_malloc_aligns_every_size),
      cmocka_unit_test(test_blocks_do_not_overlap),
      cmocka_unit_test(test_zero_bytes_are_unique_blocks),
      cmocka_unit_test(test_sizes_over_ptrdiff_max_are_null_with_enomem),
      cmocka_unit_test(test_products_that_overflow_are_null_with_enomem),
      cmocka_unit_test(test_realloc_that_fails_leaves_the_block),
      cmocka_unit_test(test_free_keeps_errno),
      cmocka_unit_test(test_usable_size_is_the_class_for_small_blocks_and_enough_for_all),
      cmocka_unit_test(test_all_usable_bytes_may_be_written),
      cmocka_unit_test(test_calloc_zeroes_fresh_memory),
      cmocka_unit_test(test_calloc_zeroes_memory_used_before),
      cmocka_unit_test(test_calloc_multiplies),
      cmocka_unit_test(test_realloc_of_null_allocates),
      cmocka_unit_test(test_realloc_keeps_the_contents),
      cmocka_unit_test(test_realloc_to_zero_gives_a_block),
      cmocka_unit_test(test_block_shrunk_to_more_than_three_quarters_stays),
      cmocka_unit_test(test_small_block_is_always_of_its_sizes_class),
      cmocka_unit_test(test_block_shrunk_to_three_quarters_moves_where_cpythons_does),
      cmocka_unit_test(test_growth_within_the_class_stays),
      cmocka_unit_test(test_reallocarray_multiplies_and_keeps_contents),
      cmocka_unit_test(test_contents_survive_a_random_storm),
      cmocka_unit_test(test_flavour_names_what_was_built),
      cmocka_unit_test(test_version_is_three_numbers),
      cmocka_unit_test(test_free_sized_takes_every_size_that_malloc_does),
      cmocka_unit_test(test_free_sized_takes_a_block_that_realloc_left_in_place),
      cmocka_unit_test(test_panic_is_one_line_that_names_the_pointer),
  };
  seed = test_seed(argc, argv);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
