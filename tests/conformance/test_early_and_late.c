/* SPDX-License-Identifier: MIT
 *
 * Allocation before main and after it: while the loader still relocates the program (the resolver of an
 * IFUNC), in .preinit_array, in the earliest constructor; in atexit handlers and the last destructor. What
 * was allocated early is whole later, and may be freed by anybody.
 */
#include "conformance/conformance.h"

enum { STAGES = 3, BYTES = 3000 };

/* Allocated by the stages before main: a small block, a medium one, a large one each. */
static unsigned char *early[STAGES][3];
static const size_t early_sizes[3] = {40, BYTES, 400000};
/* Written by the parent's children as they end. */
static int is_child;

static void allocate_stage(unsigned stage)
{
  for (unsigned i = 0; i < 3; i++) {
    early[stage][i] = malloc(early_sizes[i]);
    for (size_t j = 0; early[stage][i] && j < early_sizes[i]; j++)
      early[stage][i][j] = (unsigned char)(stage + 1);
    if (malloc_usable_size(early[stage][i]) < early_sizes[i])
      abort();
    free(malloc(early_sizes[i]));
  }
}

enum { MANY = 200000 };

/* More than the caches hold, and arenas' worth. What is free now is handed out again when the library's
 * constructors have run. */
static void use_many(void)
{
  static void *blocks[MANY];
  for (unsigned i = 0; i < MANY; i++)
    blocks[i] = malloc(64);
  for (unsigned i = 0; i < MANY; i++)
    free(blocks[i]);
}

static int resolved(void)
{
  return 42;
}

/* Called by the loader; the C library has not begun. */
__attribute__((used)) static int (*resolve(void))(void)
{
  allocate_stage(0);
  use_many();
  return resolved;
}

static int answer(void) __attribute__((ifunc("resolve")));

static void before_constructors(void)
{
  allocate_stage(1);
}

__attribute__((section(".preinit_array"), used)) static void (*const preinit)(void) = before_constructors;

__attribute__((constructor(101))) static void first_constructor(void)
{
  allocate_stage(2);
}

static void *be_thread(void *argument)
{
  for (unsigned stage = 0; stage < STAGES; stage++)
    for (unsigned i = 0; i < 3; i++)
      free(early[stage][i]);
  return argument;
}

static void test_blocks_freed_before_main_are_taken_again(void **state)
{
  (void)state;
  use_many();
}

static void test_blocks_from_before_main_are_whole(void **state)
{
  (void)state;
  EXPECT_EQ(answer(), 42);
  for (unsigned stage = 0; stage < STAGES; stage++)
    for (unsigned i = 0; i < 3; i++) {
      EXPECT_NOT_NULL(early[stage][i]);
      for (size_t j = 0; j < early_sizes[i]; j++)
        EXPECT_EQ(early[stage][i][j], stage + 1);
    }
}

static void test_blocks_from_before_main_may_be_freed_by_a_thread(void **state)
{
  (void)state;
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, be_thread, NULL), 0);
  pthread_join(thread, NULL);
  EXPECT_TRUE(churn_sizes());
}

/* ---- the end ---- */

static void work_at_exit(void)
{
  if (is_child && !churn_sizes())
    _exit(9);
}

__attribute__((destructor(101))) static void last_destructor(void)
{
  if (is_child && !churn_sizes())
    _exit(8);
}

static void *work_for_ever(void *argument)
{
  for (;;)
    if (!churn_sizes())
      abort();
  return argument;
}

/* Ends while threads allocate, and allocates while it ends. */
static int end_in_the_midst(void)
{
  pthread_t thread;
  is_child = 1;
  atexit(work_at_exit);
  for (unsigned i = 0; i < 3; i++)
    if (pthread_create(&thread, NULL, work_for_ever, NULL) != 0)
      return 7;
  return churn_sizes() ? 0 : 6;
}

static void test_a_process_allocates_to_its_end(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 20; i++)
    EXPECT_EQ(run_self(is_ours() ? "ours" : "plain"), 0);
}

/* The flavour `none` knows one thread. */
static void test_one_thread_allocates_to_its_end(void **state)
{
  (void)state;
  EXPECT_EQ(run_self("alone"), 0);
}

static bool has_threads(void)
{
  struct flavour {
    const char *strategy, *lock, *geometry;
  } (*flavour)(void) = (struct flavour(*)(void))function_named("gilloc_flavour");
  return !flavour || strcmp(flavour().strategy, "none") != 0;
}

int main(int argc, char **argv)
{
  const struct CMUnitTest threaded[] = {
      cmocka_unit_test(test_blocks_freed_before_main_are_taken_again),
      cmocka_unit_test(test_blocks_from_before_main_are_whole),
      cmocka_unit_test(test_blocks_from_before_main_may_be_freed_by_a_thread),
      cmocka_unit_test(test_a_process_allocates_to_its_end),
  };
  const struct CMUnitTest alone[] = {
      cmocka_unit_test(test_blocks_freed_before_main_are_taken_again),
      cmocka_unit_test(test_blocks_from_before_main_are_whole),
      cmocka_unit_test(test_one_thread_allocates_to_its_end),
  };
  if (argc > 1 && strcmp(argv[1], "alone") == 0) {
    is_child = 1;
    atexit(work_at_exit);
    return churn_sizes() ? 0 : 6;
  }
  if (argc > 1)
    return end_in_the_midst();
  return has_threads() ? cmocka_run_group_tests(threaded, NULL, NULL)
                       : cmocka_run_group_tests(alone, NULL, NULL);
}
