/* flavours: none gil fine fine-mcs none-classic none-py39 none-py311 gil-py311 fine-py311 */
/* SPDX-License-Identifier: MIT
 *
 * test_stats.c: the figures of gilloc/stats.h against what the test itself has allocated, the text's shape,
 * the JSON's grammar. That the text is CPython's to the letter is for test_differential.c to say.
 */
#include "expect.h"
#include "fixture.h"

#include "arena.h"
#include "arena_nodes.h"
#include "size_class.h"

#include <ctype.h>
#include <gilloc/gilloc.h>
#include <gilloc/stats.h>

enum { SIZE = 100, BLOCKS = 5000 };

static struct gilloc_heap_stats stats;
static void *blocks[BLOCKS];

static void take_all(size_t size)
{
  for (unsigned i = 0; i < BLOCKS; i++)
    EXPECT_NOT_NULL(blocks[i] = gilloc_malloc(size));
}

static int put_all(void **state)
{
  (void)state;
  for (unsigned i = 0; i < BLOCKS; i++) {
    gilloc_free(blocks[i]);
    blocks[i] = NULL;
  }
  return 0;
}

static struct gilloc_class_stats row(size_t size)
{
  gilloc_heap_stats_read(&stats);
  return stats.classes[gilloc_size_class_of(size)];
}

static void expect_total(void)
{
  gilloc_heap_stats_read(&stats);
  EXPECT_EQ(stats.in_use_bytes + stats.available_bytes + stats.unused_pools * stats.pool_bytes +
                stats.header_bytes + stats.quantization_bytes + stats.alignment_bytes,
            stats.arenas_current * stats.arena_bytes);
  EXPECT_EQ(stats.arenas_total - stats.arenas_reclaimed, stats.arenas_current);
  EXPECT_LE(stats.arenas_current, stats.arenas_highwater);
}

/* What `print` writes; the caller's to free. */
static char *text_of(bool (*print)(FILE *stream))
{
  char *text = NULL;
  size_t length;
  FILE *stream = open_memstream(&text, &length);
  EXPECT_TRUE(print(stream));
  fclose(stream);
  return text;
}

static void test_class_counts_its_blocks_and_pools(void **state)
{
  (void)state;
  size_t before = row(SIZE).blocks_in_use;
  take_all(SIZE);
  struct gilloc_class_stats now = row(SIZE);
  size_t per_pool = (GILLOC_POOL_SIZE - GILLOC_POOL_FIRST_BLOCK) / now.block_bytes;
  EXPECT_EQ(now.block_bytes, gilloc_size_class_bytes(gilloc_size_class_of(SIZE)));
  EXPECT_LE(before + BLOCKS, now.blocks_in_use);
  EXPECT_EQ(now.blocks_in_use + now.blocks_available, now.pools * per_pool);
  if (!GILLOC_HAS_TCACHE)
    EXPECT_EQ(now.blocks_in_use, before + BLOCKS);
}

static void test_bytes_of_arenas_are_all_accounted_for(void **state)
{
  (void)state;
  expect_total();
  for (size_t size = 1; size <= GILLOC_BLOCK_MAX; size = size * 5 / 2 + 7) {
    take_all(size);
    expect_total();
    for (unsigned i = 0; i < BLOCKS; i += 3) {
      gilloc_free(blocks[i]);
      blocks[i] = NULL;
    }
    expect_total();
    put_all(NULL);
    expect_total();
  }
}

static void test_large_blocks_are_counted_where_there_are_any(void **state)
{
  (void)state;
  gilloc_heap_stats_read(&stats);
  size_t before = stats.large_blocks;
  blocks[0] = gilloc_malloc(1000000);
  gilloc_heap_stats_read(&stats);
  EXPECT_EQ(stats.large_blocks - before, GILLOC_HAS_LARGE);
  EXPECT_TRUE(!GILLOC_HAS_LARGE || stats.large_bytes >= 1000000);
}

static void test_text_has_cpythons_sections(void **state)
{
  (void)state;
  char first[80];
  take_all(SIZE);
  char *text = text_of(gilloc_debug_stats);
  snprintf(first, sizeof first,
           "Small block threshold = %d, in %d size classes.\n\nclass   size   num pools ",
           (int)GILLOC_BLOCK_MAX, (int)GILLOC_CLASS_COUNT);
  EXPECT_EQ(strncmp(text, first, strlen(first)), 0);
  EXPECT_NOT_NULL(strstr(text, "\n# arenas allocated total           =                  "));
  EXPECT_NOT_NULL(strstr(text, "\n# bytes lost to arena alignment    =            "));
  EXPECT_EQ(strstr(text, "\narena map counts\n") != NULL, GILLOC_STATS_MAP_LEVELS > 0);
  EXPECT_EQ(strstr(text, "\n# large blocks                     =") != NULL, GILLOC_HAS_LARGE);
  free(text);
}

/* The end of the JSON value at `text`; NULL where there is none. Strings without escapes are enough. */
static const char *skip_json(const char *text)
{
  bool is_object = *text == '{';
  if (*text == '"') {
    const char *end = strchr(text + 1, '"');
    return end ? end + 1 : NULL;
  }
  if (isdigit((unsigned char)*text))
    return text + strspn(text, "0123456789");
  if (*text != '{' && *text != '[')
    return NULL;
  do {
    text++;
    if (is_object && (*text != '"' || !(text = skip_json(text)) || *text++ != ':'))
      return NULL;
    text = skip_json(text);
  } while (text && *text == ',');
  return text && *text == (is_object ? '}' : ']') ? text + 1 : NULL;
}

static void test_json_is_json_and_says_the_same(void **state)
{
  (void)state;
  char member[64];
  take_all(SIZE);
  char *text = text_of(gilloc_debug_stats_json);
  gilloc_heap_stats_read(&stats);
  const char *end = skip_json(text);
  EXPECT_NOT_NULL(end);
  EXPECT_STREQ(end, "\n");
  snprintf(member, sizeof member, "\"in_use_bytes\":%zu,", stats.in_use_bytes);
  EXPECT_NOT_NULL(strstr(text, member));
  snprintf(member, sizeof member, "\"geometry\":\"%s\"", gilloc_flavour().geometry);
  EXPECT_NOT_NULL(strstr(text, member));
  free(text);
}

static void test_full_stream_is_a_failure(void **state)
{
  (void)state;
  FILE *full = fopen("/dev/full", "w");
  if (!full)
    skip();
  setvbuf(full, NULL, _IONBF, 0);
  EXPECT_FALSE(gilloc_debug_stats(full));
  clearerr(full);
  EXPECT_FALSE(gilloc_debug_stats_json(full));
  fclose(full);
}

static void test_map_nodes_are_counted_once_and_kept(void **state)
{
  (void)state;
  struct gilloc_arena_nodes nodes = {{0}};
  uintptr_t boundary = (uintptr_t)5 << GILLOC_ARENA_NODES_SPAN_BITS, arena = (uintptr_t)1 << 20;
  EXPECT_EQ(gilloc_arena_nodes_mid(&nodes), 0);
  gilloc_arena_nodes_add(&nodes, boundary - arena);
  gilloc_arena_nodes_add(&nodes, boundary - 2 * arena + 16);
  EXPECT_EQ(gilloc_arena_nodes_bot(&nodes), 1);
  gilloc_arena_nodes_add(&nodes, boundary - arena + 16);
  gilloc_arena_nodes_add(&nodes, boundary);
  EXPECT_EQ(gilloc_arena_nodes_bot(&nodes), 2);
  EXPECT_EQ(gilloc_arena_nodes_mid(&nodes), 1);
}

static void *map_nothing(void *context, size_t bytes)
{
  (void)bytes;
  *(unsigned *)context += 1;
  return NULL;
}

static void unmap_nothing(void *context, void *start, size_t bytes)
{
  (void)context;
  (void)start;
  (void)bytes;
}

/* Without arenas `wide` has no memory; CPython's geometries go to the C library. */
static void test_provider_serves_from_the_first_arena_on_or_not_at_all(void **state)
{
  (void)state;
  unsigned calls = 0;
  struct gilloc_arena_provider provider = {map_nothing, unmap_nothing, &calls};
  gilloc_gil_acquire();
  COUNT_UNLESS(gilloc_arena_set_provider(&provider));
  void *p = gilloc_malloc(SIZE);
  COUNT_UNLESS(calls > 0);
  COUNT_UNLESS((p != NULL) == !GILLOC_HAS_LARGE);
  gilloc_free(p);
  gilloc_gil_release();
  EXPECT_EQ(test_failures, 0);
}

static void test_provider_comes_too_late_after_the_first_arena(void **state)
{
  (void)state;
  struct gilloc_arena_provider provider = {map_nothing, unmap_nothing, NULL};
  blocks[0] = gilloc_malloc(SIZE);
  gilloc_gil_acquire();
  EXPECT_FALSE(gilloc_arena_set_provider(&provider));
  gilloc_gil_release();
}

#define STATS_TEST(f) cmocka_unit_test_teardown(f, put_all)

int main(void)
{
  /* The first provider cannot be replaced by the OS again, so it gets a process of its own. */
  const struct CMUnitTest first[] = {
      cmocka_unit_test(test_provider_serves_from_the_first_arena_on_or_not_at_all)};
  const struct CMUnitTest tests[] = {
      STATS_TEST(test_class_counts_its_blocks_and_pools),
      STATS_TEST(test_bytes_of_arenas_are_all_accounted_for),
      STATS_TEST(test_large_blocks_are_counted_where_there_are_any),
      STATS_TEST(test_text_has_cpythons_sections),
      STATS_TEST(test_json_is_json_and_says_the_same),
      STATS_TEST(test_full_stream_is_a_failure),
      STATS_TEST(test_map_nodes_are_counted_once_and_kept),
      STATS_TEST(test_provider_comes_too_late_after_the_first_arena),
  };
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    int failed = cmocka_run_group_tests(first, NULL, NULL);
    fflush(stdout);
    _exit(failed);
  }
  int failed = wait_for_child(child);
  return cmocka_run_group_tests(tests, NULL, NULL) + failed;
}
