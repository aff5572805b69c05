/* SPDX-License-Identifier: MIT
 *
 * Threads come and go by the ten thousand, allocate in the destructors of their thread-local values, in every
 * round of these, free what other threads left, run with all signals blocked: nothing stays behind, and no
 * signal mask is changed. What a thread leaves, or a cache that is set up again in a destructor and not
 * flushed, shows as memory that grows with the number of threads.
 */
/* flavours: gil fine fine-mcs */
/* timeout: 300 */
/* cost: 3 */
#include "conformance/conformance.h"

#include <signal.h>
#include <stdatomic.h>

enum { THREADS = 10000, AT_ONCE = 4, WARM = 500, GROWTH_MAX_KIB = 16 * 1024, LEFT = 20, ROUNDS = 4 };

static pthread_key_t key;
static atomic_uint failures;

/* What a thread leaves for whoever joins it. */
struct visit {
  pthread_t thread;
  void *left[LEFT];
  unsigned rounds; /* of destructors in which it works */
};

static void note_unless(bool is_right)
{
  if (!is_right)
    atomic_fetch_add(&failures, 1);
}

static void work_in_destructor(void *argument)
{
  struct visit *visit = argument;
  note_unless(churn(64, 1000) && churn(64, 16) && churn(1, 200000));
  if (visit->rounds-- > 0)
    pthread_setspecific(key, visit);
}

static void *come_and_go(void *argument)
{
  struct visit *visit = argument;
  sigset_t all, before, after;
  sigfillset(&all);
  if (visit->rounds % 2 == 0)
    pthread_sigmask(SIG_SETMASK, &all, NULL);
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  note_unless(churn_sizes());
  for (unsigned i = 0; i < LEFT; i++)
    visit->left[i] = malloc(100 + 10 * i);
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  for (int signal = 1; signal < NSIG; signal++)
    note_unless(sigismember(&before, signal) == sigismember(&after, signal));
  pthread_setspecific(key, visit);
  return NULL;
}

static void run_threads(unsigned count)
{
  struct visit visits[AT_ONCE];
  for (unsigned done = 0; done < count; done += AT_ONCE) {
    for (unsigned i = 0; i < AT_ONCE; i++) {
      visits[i].rounds = i % ROUNDS;
      EXPECT_EQ(pthread_create(&visits[i].thread, NULL, come_and_go, &visits[i]), 0);
    }
    for (unsigned i = 0; i < AT_ONCE; i++) {
      pthread_join(visits[i].thread, NULL);
      for (unsigned j = 0; j < LEFT; j++)
        free(visits[i].left[j]);
    }
  }
}

/* What may be kept for the next thread is no loss, and depends on how many came to run at once. */
static long settled_kib(void)
{
  malloc_trim(0);
  return resident_kib();
}

static void test_threads_that_have_ended_leave_nothing(void **state)
{
  (void)state;
  free(malloc(100)); /* what malloc has destructors for has them before ours: ours come last in every round */
  free(malloc(200000));
  EXPECT_EQ(pthread_key_create(&key, work_in_destructor), 0);
  run_threads(WARM);
  long before = settled_kib();
  run_threads(THREADS);
  EXPECT_LE(settled_kib(), before + GROWTH_MAX_KIB);
  EXPECT_EQ(failures, 0);
}

/* ---- a thread that only frees ---- */

static void *free_all(void *argument)
{
  void **blocks = argument;
  for (unsigned i = 0; i < 1000; i++)
    free(blocks[i]);
  return NULL;
}

static void test_threads_that_only_free_leave_nothing(void **state)
{
  (void)state;
  long before = 0;
  for (unsigned round = 0; round < 1000; round++) {
    pthread_t thread;
    void *blocks[1000];
    for (unsigned i = 0; i < 1000; i++)
      blocks[i] = malloc(500);
    EXPECT_EQ(pthread_create(&thread, NULL, free_all, blocks), 0);
    pthread_join(thread, NULL);
    if (round == 100)
      before = settled_kib();
  }
  EXPECT_LE(settled_kib(), before + GROWTH_MAX_KIB);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_threads_that_have_ended_leave_nothing),
      cmocka_unit_test(test_threads_that_only_free_leave_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
