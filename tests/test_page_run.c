/* flavours: none */
/* SPDX-License-Identifier: MIT
 *
 * test_page_run.c: hulls of dirty pages, and the tree of free runs against a plain search.
 */
#include "expect.h"
#include "fixture.h"

#include "page_run.h"

enum { PAGE = 4096, RUNS = 500, STEPS = 20000 };

static uint64_t seed;
static char *const base = (char *)((uintptr_t)1 << 30);

static struct gilloc_page_run run_of(size_t first, size_t pages, size_t dirty_first, size_t dirty_pages)
{
  struct gilloc_page_run run = {.dirty_from = base + dirty_first * PAGE,
                                .dirty_to = base + (dirty_first + dirty_pages) * PAGE,
                                .dirty = dirty_pages * PAGE};
  gilloc_page_run_set(&run, base + first * PAGE, pages * PAGE, GILLOC_PAGE_RUN_FREE);
  return run;
}

static void expect_hull(const struct gilloc_page_run *run, size_t first, size_t pages, size_t dirty_pages)
{
  EXPECT_EQ(gilloc_page_run_hull(run), pages * PAGE);
  EXPECT_EQ(run->dirty, dirty_pages * PAGE);
  if (pages != 0)
    EXPECT_PTR_EQ(run->dirty_from, base + first * PAGE);
}

static void test_place_holds_address_and_state(void **state)
{
  (void)state;
  struct gilloc_page_run run = run_of(3, 5, 3, 0);
  EXPECT_PTR_EQ(gilloc_page_run_start(&run), base + 3 * PAGE);
  EXPECT_PTR_EQ(gilloc_page_run_end(&run), base + 8 * PAGE);
  EXPECT_EQ(gilloc_page_run_state(&run), GILLOC_PAGE_RUN_FREE);
  gilloc_page_run_set_state(&run, GILLOC_PAGE_RUN_OUT);
  EXPECT_PTR_EQ(gilloc_page_run_start(&run), base + 3 * PAGE);
  EXPECT_EQ(gilloc_page_run_state(&run), GILLOC_PAGE_RUN_OUT);
}

static void test_clip_keeps_the_part_of_the_hull_within(void **state)
{
  (void)state;
  static const struct {
    size_t first, pages, hull_first, hull_pages, dirty;
  } cases[] = {{0, 10, 2, 3, 3}, {3, 7, 3, 2, 2}, {0, 3, 2, 1, 1}, {6, 4, 0, 0, 0}, {0, 2, 0, 0, 0}};
  for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct gilloc_page_run run = run_of(cases[i].first, cases[i].pages, 2, 3);
    gilloc_page_run_clip(&run);
    expect_hull(&run, cases[i].hull_first, cases[i].hull_pages, cases[i].dirty);
  }
}

static void test_join_spans_both_hulls_and_adds_what_is_dirty(void **state)
{
  (void)state;
  struct gilloc_page_run run = run_of(10, 10, 12, 2), left = run_of(0, 10, 1, 3),
                         clean = run_of(20, 9, 20, 0);
  gilloc_page_run_join(&run, &clean);
  expect_hull(&run, 12, 2, 2);
  gilloc_page_run_join(&run, &left);
  expect_hull(&run, 1, 13, 5);
  gilloc_page_run_join(&clean, &left);
  expect_hull(&clean, 1, 3, 3);
}

static struct gilloc_page_run *plain_search(struct gilloc_page_run *runs, const bool *is_in, size_t bytes)
{
  struct gilloc_page_run *best = NULL;
  for (unsigned i = 0; i < RUNS; i++) { /* by ascending address */
    size_t own = gilloc_page_run_bytes(&runs[i]);
    if (is_in[i] && own >= bytes && (!best || own < gilloc_page_run_bytes(best)))
      best = &runs[i];
  }
  return best;
}

static void test_tree_finds_the_smallest_that_fits(void **state)
{
  (void)state;
  static struct gilloc_page_run runs[RUNS];
  static bool is_in[RUNS];
  struct gilloc_page_run *root = NULL;
  struct test_random random = {seed};
  size_t count = 0;
  for (unsigned step = 0; step < STEPS / TEST_DIVISOR; step++) {
    unsigned i = random_below(&random, RUNS);
    if (is_in[i]) {
      gilloc_page_tree_remove(&root, &runs[i]);
    } else {
      runs[i] = run_of(i * 100, 1 + random_below(&random, 60), 0, 0);
      gilloc_page_tree_insert(&root, &runs[i]);
    }
    is_in[i] = !is_in[i];
    count += is_in[i] ? 1 : SIZE_MAX;
    size_t bytes = (1 + random_below(&random, 70)) * PAGE;
    EXPECT_PTR_EQ(gilloc_page_tree_find(root, bytes), plain_search(runs, is_in, bytes));
    if (step % 64 == 0)
      EXPECT_EQ(gilloc_page_tree_check(root), count);
  }
}

/* Depth by the number of records in ascending order of size, the worst that a plain tree could get. */
static unsigned depth(const struct gilloc_page_run *root)
{
  unsigned left = root ? depth(root->left) : 0, right = root ? depth(root->right) : 0;
  return root ? 1 + (left > right ? left : right) : 0;
}

static void test_tree_stays_shallow_under_sorted_insertion(void **state)
{
  (void)state;
  static struct gilloc_page_run runs[4096];
  struct gilloc_page_run *root = NULL;
  for (unsigned i = 0; i < 4096; i++) {
    runs[i] = run_of(i * 5000, i + 1, 0, 0);
    gilloc_page_tree_insert(&root, &runs[i]);
  }
  EXPECT_EQ(gilloc_page_tree_check(root), 4096);
  EXPECT_LE(depth(root), 60);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_place_holds_address_and_state),
      cmocka_unit_test(test_clip_keeps_the_part_of_the_hull_within),
      cmocka_unit_test(test_join_spans_both_hulls_and_adds_what_is_dirty),
      cmocka_unit_test(test_tree_finds_the_smallest_that_fits),
      cmocka_unit_test(test_tree_stays_shallow_under_sorted_insertion),
  };
  seed = test_seed(argc, argv);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
