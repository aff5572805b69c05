/* SPDX-License-Identifier: MIT
 *
 * test_guard.c: the seam: what entry, guard and read section do in each flavour, seen from outside. */
/* flavours: none gil fine fine-pthread fine-mcs */
#include "expect.h"
#include "threads.h"

#include "guard.h"

#include <gilloc/gil.h>

#include <errno.h>

enum { ROUNDS = GILLOC_TSAN ? 2000 : 20000, HAS_LOCKS = GILLOC_STRATEGY == GILLOC_STRATEGY_FINE };

static struct gilloc_guard upper = {.rank = GILLOC_RANK_CENTRAL + 1};
static struct gilloc_guard lower = {.rank = GILLOC_RANK_GROUND};
static unsigned long counter;
static _Atomic unsigned entered, done;

static int begin(void **state)
{
  counter = 0;
  atomic_store(&entered, 0);
  atomic_store(&done, 0);
  return threads_begin(state);
}

static void test_entry_holds_the_gil_for_the_length_of_the_call(void **state)
{
  (void)state;
  errno = EDOM;
  struct gilloc_entry entry = gilloc_entry_enter();
  EXPECT_TRUE(gilloc_gil_is_held());
  EXPECT_EQ(entry.took_gil, GILLOC_HAS_GIL);
  gilloc_entry_leave(entry);
  EXPECT_EQ(gilloc_gil_is_held(), !GILLOC_HAS_GIL);
  EXPECT_EQ(errno, EDOM);
}

static void test_entry_of_a_holder_leaves_it_the_gil(void **state)
{
  (void)state;
  gilloc_thread_attach();
  struct gilloc_entry entry = gilloc_entry_enter();
  EXPECT_FALSE(entry.took_gil);
  gilloc_entry_leave(entry);
  EXPECT_TRUE(gilloc_gil_is_held());
  gilloc_thread_detach();
}

static void test_guards_are_entered_downwards_and_left(void **state)
{
  (void)state;
  struct gilloc_guard_node upper_node, lower_node;
  struct gilloc_entry entry = gilloc_entry_enter();
  gilloc_guard_enter(&upper, &upper_node);
  gilloc_guard_enter(&lower, &lower_node);
  EXPECT_EQ(gilloc_rank_held(), GILLOC_DEBUG ? 2 : 0);
  gilloc_guard_leave(&lower, &lower_node);
  gilloc_guard_leave(&upper, &upper_node);
  EXPECT_EQ(gilloc_rank_held(), 0);
  gilloc_entry_leave(entry);
}

static void add_one(void)
{
  struct gilloc_guard_node node;
  struct gilloc_entry entry = gilloc_entry_enter();
  gilloc_guard_enter(&upper, &node);
  threads_count(&counter);
  gilloc_guard_leave(&upper, &node);
  gilloc_entry_leave(entry);
}

static void *add_rounds(void *argument)
{
  (void)argument;
  for (unsigned i = 0; i < ROUNDS; i++)
    add_one();
  return NULL;
}

static void test_entry_and_guard_together_exclude_other_threads(void **state)
{
  (void)state;
  unsigned threads = GILLOC_STRATEGY == GILLOC_STRATEGY_NONE ? 0 : 2;
  add_rounds(NULL);
  threads_run(threads, add_rounds, NULL);
  EXPECT_EQ(counter, (threads + 1ul) * ROUNDS);
}

static void *enter_upper(void *argument)
{
  (void)argument;
  struct gilloc_guard_node node;
  struct gilloc_entry entry = gilloc_entry_enter();
  gilloc_guard_enter(&upper, &node);
  atomic_store(&entered, 1);
  threads_await(&done, 1);
  gilloc_guard_leave(&upper, &node);
  gilloc_entry_leave(entry);
  return NULL;
}

static void test_different_guards_do_not_exclude_each_other_under_fine(void **state)
{
  (void)state;
  if (!HAS_LOCKS)
    skip();
  pthread_t other;
  struct gilloc_guard_node node;
  threads_start(&other, enter_upper, NULL);
  threads_await(&entered, 1);
  gilloc_guard_enter(&lower, &node);
  gilloc_guard_leave(&lower, &node);
  atomic_store(&done, 1);
  threads_join(other);
}

static void test_read_sections_nest(void **state)
{
  (void)state;
  struct gilloc_entry entry = gilloc_entry_enter();
  errno = EDOM;
  for (unsigned i = 0; i < 50; i++)
    gilloc_read_enter();
  for (unsigned i = 0; i < 50; i++)
    gilloc_read_leave();
  EXPECT_EQ(errno, EDOM);
  gilloc_entry_leave(entry);
  gilloc_read_synchronize();
}

static void *read_until_done(void *argument)
{
  (void)argument;
  gilloc_read_enter();
  atomic_store(&entered, 1);
  threads_await(&done, 1);
  counter = 1;
  gilloc_read_leave();
  return NULL;
}

static void *finish(void *argument)
{
  (void)argument;
  threads_work(threads_ms(20));
  atomic_store(&done, 1);
  return NULL;
}

static void test_synchronize_outwaits_an_open_read_section_under_fine(void **state)
{
  (void)state;
  if (!HAS_LOCKS)
    skip();
  pthread_t reader, finisher;
  threads_start(&reader, read_until_done, NULL);
  threads_await(&entered, 1);
  threads_start(&finisher, finish, NULL);
  gilloc_read_synchronize();
  EXPECT_EQ(counter, 1);
  threads_join(reader);
  threads_join(finisher);
}

static struct gilloc_guard_node forked_node;

static void use_guard_in_child(void)
{
  gilloc_guard_after_fork(&upper, &forked_node, true);
  COUNT_UNLESS(gilloc_rank_held() == 0);
  add_one();
  COUNT_UNLESS(counter == 1);
}

GILLOC_NOT_ANALYSED static void test_guard_held_across_a_fork_is_free_in_both_processes(void **state)
{
  (void)state;
  struct gilloc_entry entry = gilloc_entry_enter();
  gilloc_guard_enter(&upper, &forked_node);
  EXPECT_EQ(threads_fork(use_guard_in_child), 0);
  gilloc_guard_after_fork(&upper, &forked_node, false);
  gilloc_entry_leave(entry);
  EXPECT_EQ(gilloc_rank_held(), 0);
  add_one();
  EXPECT_EQ(counter, 1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_entry_holds_the_gil_for_the_length_of_the_call, begin),
      cmocka_unit_test_setup(test_entry_of_a_holder_leaves_it_the_gil, begin),
      cmocka_unit_test_setup(test_guards_are_entered_downwards_and_left, begin),
      cmocka_unit_test_setup(test_entry_and_guard_together_exclude_other_threads, begin),
      cmocka_unit_test_setup(test_different_guards_do_not_exclude_each_other_under_fine, begin),
      cmocka_unit_test_setup(test_read_sections_nest, begin),
      cmocka_unit_test_setup(test_synchronize_outwaits_an_open_read_section_under_fine, begin),
      cmocka_unit_test_setup(test_guard_held_across_a_fork_is_free_in_both_processes, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
