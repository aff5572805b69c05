/* SPDX-License-Identifier: MIT
 *
 * glibc's reports and knobs: mallinfo, mallinfo2, malloc_info, malloc_stats, mallopt, malloc_trim. Deprecated
 * mallinfo is asked for by name.
 */
#include "conformance/conformance.h"

enum { BLOCKS = 2000, LARGE = 64 << 20 }; /* glibc's threshold for mappings never goes above 32 MiB */

static void test_mallinfo2_follows_what_is_allocated(void **state)
{
  (void)state;
  void *blocks[BLOCKS];
  struct mallinfo2 before = mallinfo2();
  for (unsigned i = 0; i < BLOCKS; i++)
    blocks[i] = malloc(1000);
  void *large = malloc(LARGE);
  struct mallinfo2 after = mallinfo2();
  EXPECT_LE(before.uordblks + BLOCKS * 1000, after.uordblks);
  EXPECT_EQ(after.arena, after.uordblks + after.fordblks);
  EXPECT_EQ(after.hblks, before.hblks + 1);
  EXPECT_LE(before.hblkhd + LARGE, after.hblkhd);
  free(large);
  for (unsigned i = 0; i < BLOCKS; i++)
    free(blocks[i]);
  EXPECT_EQ(mallinfo2().hblks, before.hblks);
}

static void test_mallinfo_says_the_same_in_ints(void **state)
{
  (void)state;
  struct mallinfo (*narrow)(void) = (struct mallinfo(*)(void))function_named("mallinfo");
  EXPECT_TRUE(narrow != NULL);
  struct mallinfo2 wide = mallinfo2();
  struct mallinfo info = narrow();
  EXPECT_EQ(info.arena, wide.arena);
  EXPECT_EQ(info.uordblks, wide.uordblks);
  EXPECT_EQ(info.fordblks, wide.fordblks);
  EXPECT_EQ(info.hblks, wide.hblks);
  EXPECT_EQ(info.hblkhd, wide.hblkhd);
}

/* ---- malloc_info ---- */

/* Elements that glibc writes. */
static bool is_known(const char *name, size_t length)
{
  static const char *const names[] = {"malloc", "heap",   "sizes",  "size",
                                      "total",  "system", "aspace", "unsorted"};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
    if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0)
      return true;
  return false;
}

/* Elements at the end of the text that are still open; -1 where it is not well-formed or knows another. */
static int open_elements(const char *text)
{
  int open = 0;
  while ((text = strchr(text, '<')) != NULL) {
    bool closes = text[1] == '/';
    const char *name = text + 1 + closes, *end = strchr(text, '>');
    if (!end || open < 0 || !is_known(name, strcspn(name, " />")))
      return -1;
    open += closes ? -1 : end[-1] == '/' ? 0 : 1;
    text = end;
  }
  return open;
}

static void test_malloc_info_writes_glibcs_elements(void **state)
{
  (void)state;
  char *text = NULL;
  size_t length = 0;
  void *large = malloc(LARGE);
  FILE *stream = open_memstream(&text, &length);
  EXPECT_EQ(malloc_info(0, stream), 0);
  fclose(stream);
  EXPECT_TRUE(strncmp(text, "<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>\n", 43) == 0);
  EXPECT_EQ(open_elements(text), 0);
  const char *mapped = strstr(text, "<total type=\"mmap\" count=\"");
  EXPECT_NOT_NULL(mapped);
  EXPECT_LE(1, atoi(mapped + strlen("<total type=\"mmap\" count=\"")));
  free(text);
  free(large);
}

static void test_malloc_info_refuses_options(void **state)
{
  (void)state;
  EXPECT_EQ(malloc_info(1, stderr), EINVAL);
}

static void test_malloc_stats_prints_to_stderr(void **state)
{
  (void)state;
  FILE *file = tmpfile();
  int kept = dup(STDERR_FILENO);
  dup2(fileno(file), STDERR_FILENO);
  malloc_stats();
  dup2(kept, STDERR_FILENO);
  close(kept);
  EXPECT_LE(100, lseek(fileno(file), 0, SEEK_END));
  fclose(file);
}

/* ---- knobs ---- */

static void test_mallopt_takes_every_known_parameter(void **state)
{
  (void)state;
  static const int known[] = {M_MXFAST,    M_TRIM_THRESHOLD, M_TOP_PAD,      M_MMAP_THRESHOLD,
                              M_MMAP_MAX,  M_PERTURB,        M_CHECK_ACTION, M_ARENA_TEST,
                              M_ARENA_MAX, M_NLBLKS,         M_GRAIN,        M_KEEP};
  for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
    EXPECT_EQ(mallopt(known[i], known[i] == M_PERTURB ? 0 : 64), 1);
  if (is_ours()) /* glibc answers 1 to anything */
    EXPECT_EQ(mallopt(12345, 1), 0);
}

static void test_memory_is_back_after_malloc_trim(void **state)
{
  (void)state;
  enum { MANY = 64 << 10 };
  void **blocks = malloc(MANY * sizeof *blocks);
  long before = resident_kib();
  for (unsigned i = 0; i < MANY; i++) {
    blocks[i] = malloc(1000);
    memset(blocks[i], 1, 1000);
  }
  EXPECT_LE(before + 60000, resident_kib());
  for (unsigned i = 0; i < MANY; i++)
    free(blocks[i]);
  if (is_ours()) /* that much may stay */
    EXPECT_EQ(malloc_trim((size_t)1 << 40), 0);
  errno = 4711;
  EXPECT_LE(is_ours(), malloc_trim(0)); /* glibc's free has given the end of the heap back already */
  EXPECT_EQ(errno, 4711);
  EXPECT_LE(resident_kib(), before + 8192);
  free(blocks);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mallinfo2_follows_what_is_allocated),
      cmocka_unit_test(test_mallinfo_says_the_same_in_ints),
      cmocka_unit_test(test_malloc_info_writes_glibcs_elements),
      cmocka_unit_test(test_malloc_info_refuses_options),
      cmocka_unit_test(test_malloc_stats_prints_to_stderr),
      cmocka_unit_test(test_mallopt_takes_every_known_parameter),
      cmocka_unit_test(test_memory_is_back_after_malloc_trim),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
