/* SPDX-License-Identifier: MIT
 *
 * What the C library frees when it takes a thread's stack apart: the table of its thread-locals, with a lock
 * of the C library held that pthread_create takes too, and, of a detached thread, in threads whose
 * destructors have all run. A malloc that starts a thread of its own in such a free never returns; one that
 * sets up a cache there leaves it behind.
 */
/* flavours: gil fine */
/* timeout: 120 */
#include "conformance/conformance.h"

#include <gilloc/options.h>
#include <sched.h>
#include <stdatomic.h>

enum { STACKS = 200, STACK_BYTES = 256 << 10, BURST = 32 << 20, SECONDS = 60 };
enum { ROUNDS = 200, AT_ONCE = 40, WARM = 20, GROWTH_MAX_KIB = 4096 };

static atomic_uint inside, may_end;

static void await(atomic_uint *word, unsigned value)
{
  while (atomic_load(word) < value)
    sched_yield();
}

/* Allocates nothing. */
static void *come_and_go(void *unused)
{
  (void)unused;
  atomic_fetch_add(&inside, 1);
  await(&may_end, 1);
  return NULL;
}

static void set_option(enum gilloc_option option, int64_t value)
{
  int (*set)(enum gilloc_option, int64_t) = is_ours() ? function_named("gilloc_options_set") : NULL;
  if (set)
    EXPECT_EQ(set(option, value), 0);
}

/* Leaves much that may go back to the system, and nobody to do it. */
static void leave_a_burst(void)
{
  char *burst = malloc(BURST);
  memset(burst, 1, BURST);
  free(burst);
}

static void test_stacks_are_taken_apart_while_much_is_free(void **state)
{
  static char stacks[STACKS][STACK_BYTES] __attribute__((aligned(4096)));
  pthread_t threads[STACKS];
  pthread_attr_t attributes;
  (void)state;
  alarm(SECONDS);
  set_option(GILLOC_OPTION_BACKGROUND, 0);
  set_option(GILLOC_OPTION_DECAY_MS, 1000000);
  EXPECT_EQ(pthread_attr_init(&attributes), 0);
  for (unsigned i = 0; i < STACKS; i++) {
    EXPECT_EQ(pthread_attr_setstack(&attributes, stacks[i], STACK_BYTES), 0);
    EXPECT_EQ(pthread_create(&threads[i], &attributes, come_and_go, NULL), 0);
  }
  leave_a_burst();
  set_option(GILLOC_OPTION_BACKGROUND, 1);
  atomic_store(&may_end, 1);
  for (unsigned i = 0; i < STACKS; i++)
    EXPECT_EQ(pthread_join(threads[i], NULL), 0);
  set_option(GILLOC_OPTION_DECAY_MS, 1000);
  pthread_attr_destroy(&attributes);
  alarm(0);
}

/* Threads of this process. */
static unsigned threads_now(void)
{
  unsigned threads = 0;
  FILE *file = fopen("/proc/self/stat", "re");
  EXPECT_EQ(fscanf(file, "%*d %*s %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %u",
                   &threads),
            1);
  fclose(file);
  return threads;
}

/* So many at once that the C library does not keep all of their stacks: each that ends frees some table. */
static void run_detached(unsigned rounds)
{
  pthread_attr_t attributes;
  unsigned before = threads_now();
  EXPECT_EQ(pthread_attr_init(&attributes), 0);
  EXPECT_EQ(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED), 0);
  for (unsigned round = 0; round < rounds; round++) {
    atomic_store(&inside, 0);
    atomic_store(&may_end, 0);
    for (unsigned i = 0; i < AT_ONCE; i++) {
      pthread_t thread;
      while (pthread_create(&thread, &attributes, come_and_go, NULL) == EAGAIN)
        sched_yield();
    }
    await(&inside, AT_ONCE);
    atomic_store(&may_end, 1);
    while (threads_now() > before)
      sched_yield();
  }
  pthread_attr_destroy(&attributes);
}

static void test_detached_threads_that_allocate_nothing_leave_nothing(void **state)
{
  (void)state;
  run_detached(WARM);
  malloc_trim(0); /* what the burst left would go meanwhile */
  long before = resident_kib();
  run_detached(ROUNDS);
  malloc_trim(0);
  EXPECT_LE(resident_kib() - before > 0 ? resident_kib() - before : 0, GROWTH_MAX_KIB);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_stacks_are_taken_apart_while_much_is_free),
      cmocka_unit_test(test_detached_threads_that_allocate_nothing_leave_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
