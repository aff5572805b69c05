/* SPDX-License-Identifier: MIT
 *
 * The allocation functions at their edges: what C17, C23, POSIX and glibc's manual say, on glibc's malloc and
 * on ours. Where ours says more than glibc does, the test asks which it is.
 */
#include "conformance/conformance.h"

static const size_t sizes[] = {1, 7, 8, 16, 17, 100, 512, 513, 4096, 32768, 32769, 65536, 200000, 1500000};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Too large for any object: the compiler may not see it, or it warns. */
static size_t too_large(void)
{
  volatile size_t size = PTRDIFF_MAX;
  return size + 1;
}

static void fill(void *p, int byte, size_t size)
{
  memset(p, byte, size);
}

static bool is_filled(const unsigned char *p, int byte, size_t size)
{
  for (size_t i = 0; i < size; i++)
    if (p[i] != byte)
      return false;
  return true;
}

/* ---- what free leaves alone ---- */

static void test_free_keeps_errno(void **state)
{
  (void)state;
  for (unsigned i = 0; i < SIZES; i++) {
    void *p = malloc(sizes[i]);
    EXPECT_NOT_NULL(p);
    errno = 4711;
    free(p);
    EXPECT_EQ(errno, 4711);
  }
  free(NULL);
  EXPECT_EQ(errno, 4711);
}

static void test_malloc_keeps_errno_where_it_succeeds(void **state)
{
  (void)state;
  for (unsigned i = 0; i < SIZES; i++) {
    errno = 4711;
    void *p = calloc(1, sizes[i]);
    EXPECT_EQ(errno, 4711);
    p = realloc(p, 2 * sizes[i]);
    EXPECT_EQ(errno, 4711);
    free(p);
    p = malloc(3 * sizes[i]);
    EXPECT_EQ(errno, 4711);
    free(p);
    p = aligned_alloc(64, sizes[i]);
    EXPECT_EQ(errno, 4711);
    free(p);
    p = memalign(1024, sizes[i]);
    EXPECT_EQ(errno, 4711);
    free(p);
  }
}

/* ---- zero and too much ---- */

static void test_size_zero_gives_blocks_of_their_own(void **state)
{
  (void)state;
  void *blocks[] = {malloc(0), calloc(0, 8), calloc(8, 0), realloc(NULL, 0), memalign(64, 0)};
  for (unsigned i = 0; i < 5; i++)
    for (unsigned j = 0; j < i; j++)
      EXPECT_PTR_NE(blocks[i], blocks[j]);
  for (unsigned i = 0; i < 5; i++) {
    EXPECT_NOT_NULL(blocks[i]);
    free(blocks[i]);
  }
}

#define EXPECT_NO_MEMORY(call)                                                                               \
  do {                                                                                                       \
    errno = 0;                                                                                               \
    EXPECT_NULL(call);                                                                                       \
    EXPECT_EQ(errno, ENOMEM);                                                                                \
  } while (0)

static void test_more_than_ptrdiff_max_is_refused(void **state)
{
  (void)state;
  for (size_t size = too_large(); size != 0; size = size == too_large() ? SIZE_MAX : 0) {
    EXPECT_NO_MEMORY(malloc(size));
    EXPECT_NO_MEMORY(calloc(1, size));
    EXPECT_NO_MEMORY(realloc(NULL, size));
    EXPECT_NO_MEMORY(memalign(64, size));
    EXPECT_NO_MEMORY(aligned_alloc(64, size));
    EXPECT_NO_MEMORY(valloc(size));
    EXPECT_NO_MEMORY(pvalloc(size));
  }
}

static void test_posix_memalign_reports_by_value(void **state)
{
  (void)state;
  void *p = &p;
  errno = 4711;
  EXPECT_EQ(posix_memalign(&p, 64, too_large()), ENOMEM);
  EXPECT_EQ(posix_memalign(&p, 0, 1), EINVAL);
  EXPECT_EQ(posix_memalign(&p, 4, 1), EINVAL);
  EXPECT_EQ(posix_memalign(&p, 24, 1), EINVAL);
  if (is_ours()) /* glibc's sets it where memory is wanting */
    EXPECT_EQ(errno, 4711);
  EXPECT_PTR_EQ(p, &p);
  EXPECT_EQ(posix_memalign(&p, 8, 1), 0);
  free(p);
}

static void test_a_product_that_overflows_is_refused(void **state)
{
  (void)state;
  volatile size_t quarter = SIZE_MAX / 4 + 2; /* times 4 is 4 */
  unsigned char *volatile p = malloc(100);
  fill(p, 7, 100);
  EXPECT_NO_MEMORY(calloc(quarter, 4));
  EXPECT_NO_MEMORY(reallocarray(NULL, quarter, 4));
  EXPECT_NO_MEMORY(reallocarray(p, quarter, 4));
  EXPECT_TRUE(is_filled(p, 7, 100));
  free(p);
}

static void test_a_failed_realloc_leaves_the_block(void **state)
{
  (void)state;
  for (unsigned i = 0; i < SIZES; i++) {
    unsigned char *volatile p = malloc(sizes[i]);
    fill(p, 9, sizes[i]);
    EXPECT_NO_MEMORY(realloc(p, too_large()));
    EXPECT_TRUE(is_filled(p, 9, sizes[i]));
    free(p);
  }
}

/* ---- realloc ---- */

static void test_realloc_to_zero_frees(void **state)
{
  (void)state;
  long before = 0;
  for (unsigned round = 0; round < 100; round++) {
    for (unsigned i = 0; i < SIZES; i++) {
      void *p = malloc(sizes[i]);
      fill(p, 1, sizes[i]);
      EXPECT_NULL(realloc(p, 0));
    }
    if (round == 10)
      before = resident_kib();
  }
  EXPECT_LE(resident_kib(), before + 4096);
}

static void test_realloc_that_moves_frees_the_old_block(void **state)
{
  (void)state;
  long before = 0;
  for (unsigned round = 0; round < 100; round++) {
    for (unsigned i = 0; i + 1 < SIZES; i++) {
      void *p = malloc(sizes[i]);
      fill(p, 1, sizes[i]);
      p = realloc(p, sizes[i + 1]);
      fill(p, 1, sizes[i + 1]);
      p = realloc(p, 1);
      EXPECT_NOT_NULL(p);
      free(p);
    }
    if (round == 10)
      before = resident_kib();
  }
  EXPECT_LE(resident_kib(), before + 4096);
}

static void test_realloc_keeps_the_contents(void **state)
{
  (void)state;
  for (unsigned from = 0; from < SIZES; from++)
    for (unsigned to = 0; to < SIZES; to++) {
      size_t kept = sizes[from] < sizes[to] ? sizes[from] : sizes[to];
      unsigned char *p = malloc(sizes[from]);
      fill(p, (int)from + 1, sizes[from]);
      p = realloc(p, sizes[to]);
      EXPECT_NOT_NULL(p);
      EXPECT_TRUE(is_filled(p, (int)from + 1, kept));
      fill(p, 1, sizes[to]);
      free(p);
    }
}

static void test_realloc_of_an_aligned_block_keeps_the_contents(void **state)
{
  (void)state;
  for (size_t alignment = 16; alignment <= 1 << 16; alignment *= 4) {
    unsigned char *p = aligned_alloc(alignment, 3 * alignment);
    fill(p, 5, 3 * alignment);
    p = realloc(p, 7 * alignment);
    EXPECT_TRUE(is_filled(p, 5, 3 * alignment));
    free(p);
  }
}

/* ---- alignment ---- */

static void test_every_block_is_aligned_for_every_type(void **state)
{
  (void)state;
  for (size_t size = 1; size < 70000; size += size < 2000 ? 1 : 611) {
    void *p = malloc(size), *q = calloc(1, size);
    EXPECT_ALIGNED(p, _Alignof(max_align_t));
    EXPECT_ALIGNED(q, _Alignof(max_align_t));
    free(p);
    free(q);
  }
}

static void test_alignment_is_as_asked_for(void **state)
{
  (void)state;
  for (size_t alignment = sizeof(void *); alignment <= 4 << 20; alignment *= 2)
    for (unsigned i = 0; i < SIZES - 1; i++) {
      void *blocks[] = {memalign(alignment, sizes[i]), aligned_alloc(alignment, sizes[i]), NULL};
      EXPECT_EQ(posix_memalign(&blocks[2], alignment, sizes[i]), 0);
      for (unsigned j = 0; j < 3; j++) {
        EXPECT_NOT_NULL(blocks[j]);
        EXPECT_ALIGNED(blocks[j], alignment);
        fill(blocks[j], 1, sizes[i]);
      }
      for (unsigned j = 0; j < 3; j++)
        free(blocks[j]);
    }
}

static void test_memalign_rounds_odd_alignments_up(void **state)
{
  (void)state;
  static const size_t odd[][2] = {{0, 8}, {1, 8}, {3, 8}, {24, 32}, {4095, 4096}, {65537, 131072}};
  enum { BLOCKS = 8 }; /* one may lie well by chance */
  for (unsigned i = 0; i < sizeof odd / sizeof *odd; i++) {
    void *blocks[BLOCKS];
    for (unsigned j = 0; j < BLOCKS; j++) {
      blocks[j] = memalign(odd[i][0], 100);
      EXPECT_NOT_NULL(blocks[j]);
      EXPECT_ALIGNED(blocks[j], odd[i][1]);
    }
    for (unsigned j = 0; j < BLOCKS; j++)
      free(blocks[j]);
  }
  volatile size_t highest = SIZE_MAX;
  errno = 0;
  EXPECT_NULL(memalign(highest, 100));
  EXPECT_EQ(errno, EINVAL);
}

static void test_aligned_alloc_refuses_odd_alignments(void **state)
{
  (void)state;
  volatile size_t odd = 24;
  if (!is_ours()) /* glibc does since 2.38 */
    skip();
  errno = 0;
  EXPECT_NULL(aligned_alloc(odd, 100));
  EXPECT_EQ(errno, EINVAL);
}

static void test_valloc_and_pvalloc_give_pages(void **state)
{
  (void)state;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  for (unsigned i = 0; i < SIZES; i++) {
    void *p = valloc(sizes[i]), *q = pvalloc(sizes[i]);
    EXPECT_ALIGNED(p, page);
    EXPECT_ALIGNED(q, page);
    EXPECT_LE((sizes[i] + page - 1) / page * page, malloc_usable_size(q));
    free(p);
    free(q);
  }
}

/* ---- usable size, zeroes ---- */

static void test_all_of_the_usable_size_may_be_written(void **state)
{
  (void)state;
  enum { BLOCKS = 20 };
  unsigned char *blocks[BLOCKS];
  for (unsigned i = 0; i < SIZES; i++) {
    for (int j = 0; j < BLOCKS; j++) {
      blocks[j] = malloc(sizes[i]);
      EXPECT_LE(sizes[i], malloc_usable_size(blocks[j]));
      fill(blocks[j], j + 1, malloc_usable_size(blocks[j]));
    }
    for (int j = 0; j < BLOCKS; j++) {
      EXPECT_TRUE(is_filled(blocks[j], j + 1, malloc_usable_size(blocks[j])));
      free(blocks[j]);
    }
  }
  EXPECT_EQ(malloc_usable_size(NULL), 0);
}

static void test_calloc_zeroes_memory_used_before(void **state)
{
  (void)state;
  for (unsigned i = 0; i < SIZES; i++)
    for (unsigned round = 0; round < 4; round++) {
      unsigned char *p = malloc(sizes[i]), *q = malloc(sizes[i]);
      fill(p, 0xa5, malloc_usable_size(p));
      fill(q, 0xa5, malloc_usable_size(q));
      free(p);
      free(q);
      p = calloc(1, sizes[i]);
      EXPECT_TRUE(is_filled(p, 0, sizes[i]));
      free(p);
    }
}

enum { MIB = 1 << 20 };

/* Too large to be kept for the next of its size; and more than is cleared by writing. */
static void test_calloc_zeroes_large_memory_used_before(void **state)
{
  (void)state;
  for (size_t size = 5 * MIB; size <= 40 * MIB; size *= 8)
    for (unsigned round = 0; round < 2; round++) {
      unsigned char *p = malloc(size);
      fill(p, 0xa5, size);
      free(p);
      p = calloc(1, size);
      EXPECT_TRUE(is_filled(p, 0, size));
      free(p);
    }
}

static void test_calloc_zeroes_what_a_shrunk_block_left(void **state)
{
  enum { BLOCKS = 30 }; /* so that one lies there */
  unsigned char *blocks[BLOCKS], *p = malloc(8 * MIB);
  (void)state;
  malloc_trim(0);
  fill(p, 0xa5, 8 * MIB);
  p = realloc(p, MIB);
  EXPECT_TRUE(is_filled(p, 0xa5, MIB));
  for (unsigned i = 0; i < BLOCKS; i++) {
    blocks[i] = calloc(5, MIB);
    EXPECT_TRUE(is_filled(blocks[i], 0, 5 * MIB));
  }
  for (unsigned i = 0; i < BLOCKS; i++)
    free(blocks[i]);
  free(p);
}

static void test_calloc_zeroes_where_its_block_is_larger_than_the_product(void **state)
{
  (void)state;
  for (size_t count = 1; count < 300; count += 7) {
    unsigned char *dirty = malloc(3 * count);
    fill(dirty, 0xa5, malloc_usable_size(dirty));
    free(dirty);
    unsigned char *p = calloc(count, 3);
    EXPECT_TRUE(is_filled(p, 0, 3 * count));
    free(p);
  }
}

/* ---- C23 ---- */

static void test_sized_frees_free(void **state)
{
  (void)state;
  void (*sized)(void *, size_t) = (void (*)(void *, size_t))function_named("free_sized");
  void (*aligned)(void *, size_t, size_t) =
      (void (*)(void *, size_t, size_t))function_named("free_aligned_sized");
  if (!is_ours()) /* glibc has them since 2.43 */
    skip();
  EXPECT_TRUE(sized && aligned);
  enum { BLOCKS = 600 };
  static void *p[BLOCKS], *q[BLOCKS];
  long before = 0;
  for (unsigned round = 0; round < 60; round++) {
    for (unsigned i = 0; i < SIZES; i++) {
      unsigned count = sizes[i] < 5000 ? BLOCKS : 1; /* more at once than a thread keeps */
      for (unsigned j = 0; j < count; j++) {
        p[j] = malloc(sizes[i]);
        q[j] = aligned_alloc(256, sizes[i]);
        fill(p[j], 1, sizes[i]);
      }
      errno = 4711;
      for (unsigned j = 0; j < count; j++) {
        sized(p[j], sizes[i]);
        aligned(q[j], 256, sizes[i]);
      }
      EXPECT_EQ(errno, 4711);
    }
    if (round == 10)
      before = resident_kib();
  }
  sized(NULL, 5);
  aligned(NULL, 64, 5);
  EXPECT_LE(resident_kib(), before + 4096);
}

/* glibc's own has gone, and old programs still ask for it. */
static void test_cfree_frees(void **state)
{
  (void)state;
  void (*cfree_of_old)(void *) = (void (*)(void *))function_named("cfree");
  if (!is_ours())
    skip();
  EXPECT_TRUE(cfree_of_old != NULL);
  long before = resident_kib();
  for (unsigned round = 0; round < 200; round++) {
    void *p = malloc(100000);
    fill(p, 1, 100000);
    cfree_of_old(p);
  }
  EXPECT_LE(resident_kib(), before + 4096);
}

static void test_memalignment_is_the_largest_power_that_divides(void **state)
{
  (void)state;
  size_t (*memalignment)(const void *) = (size_t(*)(const void *))function_named("memalignment");
  if (!is_ours())
    skip();
  EXPECT_NOT_NULL(function_named("memalignment"));
  EXPECT_EQ(memalignment(NULL), 0);
  EXPECT_EQ(memalignment((void *)(uintptr_t)1), 1);
  EXPECT_EQ(memalignment((void *)(uintptr_t)96), 32);
  EXPECT_EQ(memalignment((void *)((uintptr_t)1 << 63)), (uintptr_t)1 << 63);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_free_keeps_errno),
      cmocka_unit_test(test_malloc_keeps_errno_where_it_succeeds),
      cmocka_unit_test(test_size_zero_gives_blocks_of_their_own),
      cmocka_unit_test(test_more_than_ptrdiff_max_is_refused),
      cmocka_unit_test(test_posix_memalign_reports_by_value),
      cmocka_unit_test(test_a_product_that_overflows_is_refused),
      cmocka_unit_test(test_a_failed_realloc_leaves_the_block),
      cmocka_unit_test(test_realloc_to_zero_frees),
      cmocka_unit_test(test_realloc_that_moves_frees_the_old_block),
      cmocka_unit_test(test_realloc_keeps_the_contents),
      cmocka_unit_test(test_realloc_of_an_aligned_block_keeps_the_contents),
      cmocka_unit_test(test_every_block_is_aligned_for_every_type),
      cmocka_unit_test(test_alignment_is_as_asked_for),
      cmocka_unit_test(test_memalign_rounds_odd_alignments_up),
      cmocka_unit_test(test_aligned_alloc_refuses_odd_alignments),
      cmocka_unit_test(test_valloc_and_pvalloc_give_pages),
      cmocka_unit_test(test_all_of_the_usable_size_may_be_written),
      cmocka_unit_test(test_calloc_zeroes_memory_used_before),
      cmocka_unit_test(test_calloc_zeroes_large_memory_used_before),
      cmocka_unit_test(test_calloc_zeroes_what_a_shrunk_block_left),
      cmocka_unit_test(test_calloc_zeroes_where_its_block_is_larger_than_the_product),
      cmocka_unit_test(test_sized_frees_free),
      cmocka_unit_test(test_cfree_frees),
      cmocka_unit_test(test_memalignment_is_the_largest_power_that_divides),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
