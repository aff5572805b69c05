/* SPDX-License-Identifier: MIT
 *
 * fork at any moment: threads allocate and free all the time, others fork; each child allocates at once, from
 * every layer, some start a thread or fork again. A lock that a thread held which the child does not have
 * hangs the child, and its alarm ends it.
 */
/* flavours: gil fine fine-mcs */
/* timeout: 180 */
/* cost: 5 */
#include "conformance/conformance.h"

#include <stdatomic.h>

enum { WORKERS = 3, FORKERS = 2, FORKS = 120, CHILD_SECONDS = 60 };

static atomic_bool is_over;
static atomic_uint failures;

static void *work(void *argument)
{
  while (!atomic_load(&is_over))
    if (!churn_sizes())
      atomic_fetch_add(&failures, 1);
  return argument;
}

/* A thread that lives for a moment: its cache is set up and flushed again. */
static void *live_briefly(void *argument)
{
  return churn(8, 100) ? argument : NULL;
}

static bool run_thread(void)
{
  pthread_t thread;
  void *answer = NULL;
  int token;
  if (pthread_create(&thread, NULL, live_briefly, &token) != 0)
    return false;
  return pthread_join(thread, &answer) == 0 && answer == &token;
}

static void *come_and_go(void *argument)
{
  while (!atomic_load(&is_over))
    if (!run_thread())
      atomic_fetch_add(&failures, 1);
  return argument;
}

_Noreturn static void be_child(unsigned number, void *inherited)
{
  alarm(CHILD_SECONDS);
  bool is_right = churn_sizes();
  free(inherited);
  if (number % 4 == 1)
    is_right = is_right && run_thread();
  if (number % 4 == 2 && is_right) {
    int status = -1;
    pid_t grandchild = fork();
    if (grandchild == 0)
      _exit(churn_sizes() ? 0 : 1);
    waitpid(grandchild, &status, 0);
    is_right = status == 0;
  }
  _exit(is_right ? 0 : 1);
}

static void *fork_often(void *argument)
{
  for (unsigned i = 0; i < FORKS; i++) {
    int status = -1;
    void *inherited = malloc(1 + 500 * (i % 100));
    pid_t child = fork();
    if (child == 0)
      be_child(i, inherited);
    free(inherited);
    waitpid(child, &status, 0);
    if (child < 0 || status != 0)
      atomic_fetch_add(&failures, 1);
  }
  return argument;
}

static void test_children_of_busy_processes_allocate(void **state)
{
  (void)state;
  pthread_t workers[WORKERS + 1], forkers[FORKERS];
  for (unsigned i = 0; i <= WORKERS; i++)
    EXPECT_EQ(pthread_create(&workers[i], NULL, i < WORKERS ? work : come_and_go, NULL), 0);
  for (unsigned i = 0; i < FORKERS; i++)
    EXPECT_EQ(pthread_create(&forkers[i], NULL, fork_often, NULL), 0);
  for (unsigned i = 0; i < FORKERS; i++)
    pthread_join(forkers[i], NULL);
  atomic_store(&is_over, true);
  for (unsigned i = 0; i <= WORKERS; i++)
    pthread_join(workers[i], NULL);
  EXPECT_EQ(failures, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_children_of_busy_processes_allocate)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
