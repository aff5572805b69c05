/* flavours: none gil fine */
/* SPDX-License-Identifier: MIT
 *
 * test_purge.c: what is free goes back to the OS after the decay time, by a clock of the test's own where
 * nothing else is wanted, and without traffic by the thread. Every test starts with nothing purgeable.
 */
#include "expect.h"
#include "fixture.h"
#include "purge_use.h"
#include "resident.h"

#include "geometry.h"
#include "os_memory.h"
#include "page_heap.h"
#include "purge.h"

#include <gilloc/gilloc.h>

#include <dirent.h>
#include <sys/prctl.h>

enum { MIB = 1 << 20, BLOCKS = 600000, DEADLINE_S = 30 };

static void test_dirty_pages_go_within_the_decay_time(void **state)
{
  (void)state;
  make_dirty(8 * MIB);
  EXPECT_EQ(purgeable_after(499), 8 * MIB); /* half a period is not over */
  EXPECT_EQ(purgeable_after(1), 8 * MIB);   /* were not dirty for all of it */
  EXPECT_EQ(purgeable_after(499), 8 * MIB);
  EXPECT_EQ(purgeable_after(1), 0);
}

static void test_pages_in_use_again_and_again_stay(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 10; i++) {
    make_dirty(8 * MIB);
    EXPECT_EQ(purgeable_after(500), 8 * MIB);
  }
}

/* Two threads read the clock, and the later reading comes first. */
static void test_time_that_goes_back_ends_no_period(void **state)
{
  (void)state;
  make_dirty(8 * MIB);
  EXPECT_EQ(purgeable_after(500), 8 * MIB);
  gilloc_purge_step(purge_now - ms);
  EXPECT_EQ(gilloc_purge_counts().purgeable, 8 * MIB);
  EXPECT_EQ(purgeable_after(500), 0);
}

static void test_decay_time_can_be_set(void **state)
{
  (void)state;
  gilloc_purge_set_decay_ms(100);
  make_dirty(8 * MIB);
  purgeable_after(50);
  EXPECT_EQ(purgeable_after(50), 0);
  gilloc_purge_set_decay_ms(0);
  make_dirty(8 * MIB);
  gilloc_purge_tick();
  EXPECT_EQ(gilloc_purge_counts().purgeable, 0);
  gilloc_purge_set_decay_ms(GILLOC_PURGE_NEVER);
  make_dirty(8 * MIB);
  gilloc_purge_tick();
  EXPECT_EQ(gilloc_purge_counts().purgeable, 8 * MIB);
}

static void test_purge_all_gives_everything_back_at_once(void **state)
{
  (void)state;
  size_t purged = gilloc_purge_counts().purged;
  make_dirty(8 * MIB);
  EXPECT_EQ(gilloc_purge_all(), 8 * MIB);
  EXPECT_EQ(gilloc_purge_counts().purgeable, 0);
  EXPECT_EQ(gilloc_purge_counts().purged, purged + 8 * MIB);
  EXPECT_EQ(gilloc_purge_all(), 0);
}

static void test_tick_purges_at_once_above_the_soft_limit(void **state)
{
  (void)state;
  make_dirty(8 * MIB);
  gilloc_os_set_limits(gilloc_os_counts().charged - MIB, 0);
  gilloc_purge_tick();
  EXPECT_EQ(gilloc_purge_counts().purgeable, 0);
}

/* A limit that cannot be kept: what comes and goes is not fetched from the kernel each time. */
static void test_soft_limit_leaves_what_is_soon_taken_again(void **state)
{
  (void)state;
  enum { TIMES = 1000 };
  struct gilloc_page_dirt dirt;
  size_t purges = gilloc_purge_counts().purges;
  void *live = gilloc_page_heap_take(8 * MIB, 1, &dirt);
  gilloc_os_set_limits(MIB, 0);
  for (unsigned i = 0; i < TIMES; i++) {
    gilloc_page_heap_put(gilloc_page_heap_take(2 * MIB, 1, &dirt));
    gilloc_purge_tick();
  }
  EXPECT_TRUE(gilloc_purge_counts().purges - purges < TIMES / 2);
  gilloc_page_heap_put(live);
}

/* ---- without a clock of the test's ---- */

static uint64_t true_time(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Asks again and again until it holds; false after DEADLINE_S. */
static bool comes_true(bool (*holds)(void))
{
  uint64_t deadline = true_time() + DEADLINE_S * UINT64_C(1000000000);
  while (!holds()) {
    if (true_time() > deadline)
      return false;
    sched_yield();
  }
  return true;
}

static bool nothing_is_purgeable(void)
{
  return gilloc_purge_counts().purgeable == 0;
}

static bool thread_has_gone(void)
{
  return !gilloc_purge_counts().thread_runs;
}

static bool ticks_have_purged(void)
{
  gilloc_purge_tick();
  return nothing_is_purgeable();
}

static void test_soft_limit_is_kept_after_a_pause(void **state)
{
  (void)state;
  gilloc_purge_set_decay_ms(GILLOC_PURGE_NEVER);
  gilloc_os_set_limits(MIB, 0);
  for (unsigned i = 0; i < 3; i++) {
    make_dirty(2 * MIB);
    EXPECT_TRUE(comes_true(ticks_have_purged));
  }
}

static void purge_by_the_thread(void)
{
  gilloc_purge_set_background(true);
  gilloc_purge_set_decay_ms(20);
  make_dirty(2 * GILLOC_PURGE_START_BYTES);
  gilloc_purge_prepare(); /* starts it where the process has had threads, else the tick does */
  gilloc_purge_tick();
  COUNT_UNLESS(gilloc_purge_counts().threads_started != 0);
  COUNT_UNLESS(comes_true(nothing_is_purgeable));
  COUNT_UNLESS(comes_true(thread_has_gone));
}

static void test_thread_purges_without_traffic_and_rests(void **state)
{
  (void)state;
  if (GILLOC_STRATEGY != GILLOC_STRATEGY_FINE)
    skip();
  for (unsigned round = 0; round < 3; round++)
    purge_by_the_thread();
  EXPECT_EQ(test_failures, 0);
}

/* Signals that the thread called gilloc-purge blocks, as the kernel has them; 0 where there is none. */
static unsigned long long signals_blocked_by_the_thread(void)
{
  unsigned long long blocked = 0, found = 0;
  DIR *tasks = opendir("/proc/self/task");
  struct dirent *task;
  while ((task = readdir(tasks)) != NULL && found == 0) {
    char path[300], line[100], name[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
      sscanf(line, "Name: %31s", name);
      if (sscanf(line, "SigBlk: %llx", &blocked) == 1 && strcmp(name, "gilloc-purge") == 0)
        found = blocked;
    }
    if (file)
      fclose(file);
  }
  closedir(tasks);
  return found;
}

static bool thread_is_there(void)
{
  return signals_blocked_by_the_thread() != 0;
}

/* No signal of the application's is ever delivered to it, and the caller that starts it keeps its own mask.
 */
static void test_thread_blocks_all_signals_and_its_starter_none(void **state)
{
  (void)state;
  if (GILLOC_STRATEGY != GILLOC_STRATEGY_FINE || GILLOC_TSAN) /* a child that starts threads is ended */
    skip();
  pid_t child = fork(); /* it has no thread yet */
  if (child == 0) {
    sigset_t mine;
    gilloc_purge_set_background(true);
    gilloc_purge_set_decay_ms(60000);
    make_dirty(2 * GILLOC_PURGE_START_BYTES);
    gilloc_purge_prepare();
    gilloc_purge_tick();
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    for (int signal = 1; signal < SIGRTMIN; signal++)
      COUNT_UNLESS(!sigismember(&mine, signal));
    COUNT_UNLESS(comes_true(thread_is_there));
    unsigned long long blocked = signals_blocked_by_the_thread();
    for (int signal = 1; signal < SIGSYS; signal++)
      COUNT_UNLESS(signal == SIGKILL || signal == SIGSTOP || (blocked >> (signal - 1) & 1) != 0);
    _exit(test_failures ? 1 : 0);
  }
  EXPECT_EQ(wait_for_child(child), 0);
}

static void test_child_of_a_fork_has_a_thread_of_its_own(void **state)
{
  (void)state;
  if (GILLOC_STRATEGY != GILLOC_STRATEGY_FINE || GILLOC_TSAN) /* which ends a child that starts threads */
    skip();
  gilloc_purge_set_background(true);
  gilloc_purge_set_decay_ms(60000);
  make_dirty(2 * GILLOC_PURGE_START_BYTES);
  gilloc_purge_prepare();
  gilloc_purge_tick();
  EXPECT_TRUE(gilloc_purge_counts().thread_runs);
  pid_t child = fork();
  if (child == 0) {
    COUNT_UNLESS(!gilloc_purge_counts().thread_runs);
    purge_by_the_thread();
    _exit(test_failures ? 1 : 0);
  }
  EXPECT_EQ(wait_for_child(child), 0);
  gilloc_purge_set_background(false);
  EXPECT_TRUE(comes_true(thread_has_gone));
}

static void *end_last(void *main_thread)
{
  pthread_join(*(pthread_t *)main_thread, NULL);
  return NULL;
}

/* Before a sanitizer looks for leaks: what the test framework holds is none. */
static void end_at_once(void)
{
  _exit(0);
}

/* The main thread ends by pthread_exit, then the other: so does the process, and is not kept by the library's
 * thread, which blocks all signals but the one that the parent's end sends. */
static void test_process_ends_with_its_last_thread(void **state)
{
  (void)state;
  if (GILLOC_STRATEGY != GILLOC_STRATEGY_FINE || GILLOC_TSAN) /* a child that starts threads is ended */
    skip();
  alarm(DEADLINE_S);
  pid_t child = fork();
  if (child == 0) {
    static pthread_t self, other;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    atexit(end_at_once);
    gilloc_purge_set_background(true);
    gilloc_purge_set_decay_ms(60000);
    make_dirty(2 * GILLOC_PURGE_START_BYTES);
    gilloc_purge_prepare();
    gilloc_purge_tick();
    self = pthread_self();
    if (!gilloc_purge_counts().thread_runs || pthread_create(&other, NULL, end_last, &self) != 0)
      _exit(1);
    pthread_exit(NULL);
  }
  EXPECT_EQ(wait_for_child(child), 0);
  alarm(0);
}

static void test_only_fine_ever_starts_a_thread(void **state)
{
  (void)state;
  if (GILLOC_STRATEGY == GILLOC_STRATEGY_FINE)
    skip();
  gilloc_purge_set_background(true);
  make_dirty(2 * GILLOC_PURGE_START_BYTES);
  gilloc_purge_tick();
  EXPECT_EQ(gilloc_purge_counts().threads_started, 0);
}

static size_t wanted_resident;

/* Elsewhere than under `fine` it takes traffic; a large block comes and goes. What a sanitizer keeps of our
 * pages for itself stays resident. */
static bool little_is_resident(void)
{
  if (GILLOC_STRATEGY != GILLOC_STRATEGY_FINE)
    gilloc_free(gilloc_malloc(3 * GILLOC_BLOCK_MAX));
  return GILLOC_TSAN ? gilloc_purge_counts().purgeable < MIB : resident_bytes() < wanted_resident;
}

/* A block in every sixteenth pool stays. */
static void test_memory_of_a_burst_goes_back(void **state)
{
  (void)state;
  static char *blocks[BLOCKS];
  enum { SIZE = 112, STAYING = 16 * GILLOC_POOL_SIZE / SIZE };
  gilloc_purge_set_background(true);
  gilloc_purge_set_decay_ms(100);
  size_t before = resident_bytes();
  for (unsigned i = 0; i < BLOCKS; i++)
    blocks[i] = memset(gilloc_malloc(SIZE), 1, SIZE);
  size_t peak = resident_bytes();
  for (unsigned i = 0; i < BLOCKS; i++)
    if (i % STAYING != 0)
      gilloc_free(blocks[i]);
  wanted_resident = before + (peak - before) / 2;
  EXPECT_TRUE(comes_true(little_is_resident));
  for (unsigned i = 0; i < BLOCKS; i += STAYING) {
    EXPECT_EQ(blocks[i][SIZE - 1], 1);
    gilloc_free(blocks[i]);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
#define TRUE_TIME_TEST(name) cmocka_unit_test_setup_teardown(name, begin_true_time, end)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TRUE_TIME_TEST(test_soft_limit_is_kept_after_a_pause),
      TRUE_TIME_TEST(test_thread_purges_without_traffic_and_rests),
      TRUE_TIME_TEST(test_thread_blocks_all_signals_and_its_starter_none),
      TRUE_TIME_TEST(test_child_of_a_fork_has_a_thread_of_its_own),
      TRUE_TIME_TEST(test_process_ends_with_its_last_thread),
      TRUE_TIME_TEST(test_only_fine_ever_starts_a_thread),
      TRUE_TIME_TEST(test_memory_of_a_burst_goes_back),
      TEST(test_dirty_pages_go_within_the_decay_time),
      TEST(test_pages_in_use_again_and_again_stay),
      TEST(test_time_that_goes_back_ends_no_period),
      TEST(test_decay_time_can_be_set),
      TEST(test_purge_all_gives_everything_back_at_once),
      TEST(test_tick_purges_at_once_above_the_soft_limit),
      TEST(test_soft_limit_leaves_what_is_soon_taken_again),
  };
  return cmocka_run_group_tests(tests, hold_gil, drop_gil);
}
