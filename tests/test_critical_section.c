/* SPDX-License-Identifier: MIT
 *
 * test_critical_section.c: a mutex under `fine`, a checked nothing under `gil` and `none`; the same source on
 * each, as an application would have it. */
/* flavours: none gil fine */
#include "expect.h"
#include "threads.h"

#include <gilloc/gil.h>
#include <gilloc/sync.h>

#include <errno.h>

enum { ROUNDS = GILLOC_TSAN ? 5000 : 50000, LOCKS = GILLOC_STRATEGY == GILLOC_STRATEGY_FINE };

static struct gilloc_mutex first, second;
static unsigned long counter;
static _Atomic unsigned asking, got;

static int begin(void **state)
{
  memset(&first, 0, sizeof first);
  memset(&second, 0, sizeof second);
  counter = 0;
  atomic_store(&asking, 0);
  atomic_store(&got, 0);
  gilloc_gil_set_interval(5000);
  return threads_begin(state);
}

static void test_section_names_its_mutex_while_it_is_open(void **state)
{
  (void)state;
  struct gilloc_critical_section section;
  gilloc_thread_attach();
  gilloc_critical_section_enter(&section, &first);
  EXPECT_PTR_EQ(section.mutex, &first);
  gilloc_critical_section_leave(&section);
  EXPECT_NULL(section.mutex);
  gilloc_thread_detach();
}

static void test_section_locks_its_mutex_under_fine_alone(void **state)
{
  (void)state;
  struct gilloc_critical_section section;
  gilloc_thread_attach();
  gilloc_critical_section_enter(&section, &first);
  EXPECT_EQ(gilloc_mutex_trylock(&first), !LOCKS);
  if (!LOCKS)
    gilloc_mutex_unlock(&first);
  gilloc_critical_section_leave(&section);
  EXPECT_TRUE(gilloc_mutex_trylock(&first));
  gilloc_mutex_unlock(&first);
  gilloc_thread_detach();
}

static void test_sections_nest_and_close_in_reverse(void **state)
{
  (void)state;
  struct gilloc_critical_section outer, inner;
  gilloc_thread_attach();
  for (unsigned i = 0; i < 3; i++) {
    gilloc_critical_section_enter(&outer, &first);
    gilloc_critical_section_enter(&inner, &second);
    EXPECT_EQ(gilloc_mutex_trylock(&second), !LOCKS);
    if (!LOCKS)
      gilloc_mutex_unlock(&second);
    gilloc_critical_section_leave(&inner);
    EXPECT_EQ(gilloc_mutex_trylock(&first), !LOCKS);
    if (!LOCKS)
      gilloc_mutex_unlock(&first);
    gilloc_critical_section_leave(&outer);
  }
  gilloc_thread_detach();
}

static void *add_rounds(void *argument)
{
  struct gilloc_critical_section section;
  gilloc_thread_attach();
  for (unsigned i = 0; i < *(const unsigned *)argument; i++) {
    gilloc_critical_section_enter(&section, &first);
    volatile unsigned long *watched = &counter;
    unsigned long seen = *watched;
    gilloc_checkpoint();
    *watched = seen + 1;
    gilloc_critical_section_leave(&section);
    gilloc_checkpoint();
  }
  gilloc_thread_detach();
  return NULL;
}

static void test_sections_exclude_other_threads_on_every_flavour(void **state)
{
  (void)state;
  unsigned threads = GILLOC_STRATEGY == GILLOC_STRATEGY_NONE ? 1 : 4, rounds = ROUNDS;
  EXPECT_TRUE(gilloc_gil_set_interval(100));
  threads_run(threads, add_rounds, &rounds);
  EXPECT_EQ(counter, (unsigned long)threads * ROUNDS);
}

static void *want_the_gil(void *argument)
{
  (void)argument;
  atomic_store(&asking, 1);
  gilloc_thread_attach();
  atomic_store(&got, 1);
  gilloc_thread_detach();
  return NULL;
}

static void test_checkpoint_inside_a_section_does_not_switch(void **state)
{
  (void)state;
  if (!GILLOC_HAS_GIL)
    skip();
  pthread_t other;
  struct gilloc_critical_section outer, inner;
  gilloc_thread_attach();
  gilloc_gil_set_interval(1000);
  gilloc_critical_section_enter(&outer, &first);
  gilloc_critical_section_enter(&inner, &second);
  gilloc_critical_section_leave(&inner);
  threads_start(&other, want_the_gil, NULL);
  threads_await(&asking, 1);
  for (uint64_t end = threads_now() + threads_ms(30); threads_now() < end;)
    gilloc_checkpoint();
  EXPECT_EQ(atomic_load(&got), 0);
  gilloc_critical_section_leave(&outer);
  while (!atomic_load(&got))
    gilloc_checkpoint();
  gilloc_thread_detach();
  threads_join(other);
}

static void *hold_for_a_while(void *argument)
{
  struct gilloc_critical_section section;
  (void)argument;
  gilloc_thread_attach();
  gilloc_critical_section_enter(&section, &first);
  atomic_store(&asking, 1);
  threads_work(threads_ms(5));
  counter = 1;
  gilloc_critical_section_leave(&section);
  gilloc_thread_detach();
  return NULL;
}

static void test_enter_and_leave_preserve_errno_when_they_wait(void **state)
{
  (void)state;
  if (GILLOC_STRATEGY == GILLOC_STRATEGY_NONE)
    skip();
  pthread_t other;
  struct gilloc_critical_section section;
  threads_start(&other, hold_for_a_while, NULL);
  threads_await(&asking, 1);
  gilloc_thread_attach();
  errno = EDOM;
  gilloc_critical_section_enter(&section, &first);
  EXPECT_EQ(errno, EDOM);
  EXPECT_EQ(counter, 1);
  gilloc_critical_section_leave(&section);
  EXPECT_EQ(errno, EDOM);
  gilloc_thread_detach();
  threads_join(other);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_section_names_its_mutex_while_it_is_open, begin),
      cmocka_unit_test_setup(test_section_locks_its_mutex_under_fine_alone, begin),
      cmocka_unit_test_setup(test_sections_nest_and_close_in_reverse, begin),
      cmocka_unit_test_setup(test_sections_exclude_other_threads_on_every_flavour, begin),
      cmocka_unit_test_setup(test_checkpoint_inside_a_section_does_not_switch, begin),
      cmocka_unit_test_setup(test_enter_and_leave_preserve_errno_when_they_wait, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
