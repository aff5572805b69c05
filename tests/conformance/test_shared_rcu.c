/* SPDX-License-Identifier: MIT
 *
 * A program that uses liburcu-bp, as `fine` does: it frees while it holds a lock that one of its readers
 * wants, frees in a section, and registers liburcu's fork handlers. Nobody else may notice. */
/* flavours: gil fine */
/* link: -lurcu-bp */
#include "conformance/conformance.h"

#include <sched.h>
#include <string.h>
#include <urcu/urcu-bp.h>

enum { BLOCKS = 3000, BYTES = 32000 };

static pthread_mutex_t wanted = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int reading;

/* Many arenas' worth. */
static void fill(void **blocks)
{
  for (unsigned i = 0; i < BLOCKS; i++)
    memset(blocks[i] = malloc(BYTES), 1, BYTES);
}

static void empty(void **blocks)
{
  for (unsigned i = 0; i < BLOCKS; i++)
    free(blocks[i]);
  malloc_trim(0);
}

static void *read_behind_the_lock(void *argument)
{
  urcu_bp_read_lock();
  reading = 1;
  pthread_mutex_lock(&wanted);
  pthread_mutex_unlock(&wanted);
  urcu_bp_read_unlock();
  return argument;
}

static void test_who_frees_may_hold_a_lock_that_a_reader_wants(void **state)
{
  (void)state;
  static void *blocks[BLOCKS];
  pthread_t reader;
  fill(blocks);
  pthread_mutex_lock(&wanted);
  EXPECT_EQ(pthread_create(&reader, NULL, read_behind_the_lock, NULL), 0);
  while (!reading)
    sched_yield();
  empty(blocks);
  pthread_mutex_unlock(&wanted);
  EXPECT_EQ(pthread_join(reader, NULL), 0);
}

static void test_who_frees_may_be_a_reader(void **state)
{
  (void)state;
  static void *blocks[BLOCKS];
  fill(blocks);
  urcu_bp_read_lock();
  empty(blocks);
  urcu_bp_read_unlock();
  urcu_bp_synchronize_rcu();
}

static void test_fork_handlers_of_liburcu_may_be_registered(void **state)
{
  (void)state;
  static void *blocks[BLOCKS];
  EXPECT_EQ(pthread_atfork(urcu_bp_before_fork, urcu_bp_after_fork_parent, urcu_bp_after_fork_child), 0);
  pid_t child = fork();
  if (child == 0) {
    fill(blocks);
    empty(blocks);
    urcu_bp_synchronize_rcu();
    _exit(0);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_who_frees_may_hold_a_lock_that_a_reader_wants),
      cmocka_unit_test(test_who_frees_may_be_a_reader),
      cmocka_unit_test(test_fork_handlers_of_liburcu_may_be_registered),
  };
  alarm(60);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
