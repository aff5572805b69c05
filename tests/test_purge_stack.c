/* SPDX-License-Identifier: MIT
 *
 * test_purge_stack.c: a program whose thread-locals are larger than the stack that the purge's thread asks
 * for has that thread all the same, and one that runs in real time does not hand its priority on. */
/* flavours: fine */
#include "expect.h"
#include "fixture.h"

#include "purge.h"

#include <dirent.h>
#include <gilloc/gilloc.h>
#include <sched.h>

enum { BYTES = 64 << 20, DEADLINE_S = 30 };

static _Thread_local volatile char large_thread_local[4 << 20];

static void start_purge_thread(void)
{
  large_thread_local[0] = 1;
  char *block = gilloc_malloc(BYTES);
  memset(block, 1, BYTES);
  gilloc_free(block);
  gilloc_purge_prepare();
  gilloc_purge_tick();
}

static void test_thread_starts_beside_large_thread_locals(void **state)
{
  (void)state;
  start_purge_thread();
  EXPECT_EQ(gilloc_purge_counts().threads_started, 1);
  EXPECT_TRUE(gilloc_purge_counts().thread_runs);
}

/* How many threads of the process run in real time. */
static unsigned count_real_time(void)
{
  unsigned count = 0;
  DIR *threads = opendir("/proc/self/task");
  for (struct dirent *entry; threads && (entry = readdir(threads));)
    count += atoi(entry->d_name) != 0 && sched_getscheduler(atoi(entry->d_name)) == SCHED_FIFO;
  closedir(threads);
  return count;
}

/* True once the main thread is the only one, within the time that the test has. */
static bool main_thread_is_alone(void)
{
  time_t deadline = time(NULL) + DEADLINE_S;
  while (count_real_time() != 1 && time(NULL) < deadline)
    sched_yield();
  return count_real_time() == 1;
}

static void test_thread_does_not_run_in_real_time(void **state)
{
  struct sched_param some = {.sched_priority = 1};
  (void)state;
  if (GILLOC_TSAN) /* which ends a child that starts threads */
    skip();
  pid_t child = fork();
  if (child == 0) {
    if (sched_setscheduler(0, SCHED_FIFO, &some) != 0)
      _exit(77);
    start_purge_thread();
    COUNT_UNLESS(gilloc_purge_counts().threads_started == 2);
    COUNT_UNLESS(main_thread_is_alone());
    _exit(test_failures ? 1 : 0);
  }
  int end = wait_for_child(child);
  if (end == 77)
    skip();
  EXPECT_EQ(end, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_thread_starts_beside_large_thread_locals),
      cmocka_unit_test(test_thread_does_not_run_in_real_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
