/* SPDX-License-Identifier: MIT
 *
 * fixture.h: what several tests share: random numbers with a seed that is printed and can be given back,
 * the GIL held around calls of internal functions, failures counted in threads and forked children, and
 * questions to the kernel about addresses.
 */
#ifndef GILLOC_TESTS_FIXTURE_H
#define GILLOC_TESTS_FIXTURE_H

#include "base.h"

#include <errno.h>
#include <gilloc/gil.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  TEST_PAGE = 4096,
  /* By which tests with threads shorten what they do: debug builds and sanitizers are slow, and a lock that
   * is passed on in order waits for threads that are not running. */
  TEST_DIVISOR = (GILLOC_DEBUG ? 2 : 1) * (GILLOC_TSAN ? 2 : 1) * (GILLOC_LOCK >= GILLOC_LOCK_TICKET ? 4 : 1)
};

/* SplitMix64. */
struct test_random {
  uint64_t state;
};

static inline uint64_t random_u64(struct test_random *random)
{
  uint64_t z = random->state += 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

/* From 0 to below `limit`. */
static inline uint32_t random_below(struct test_random *random, uint32_t limit)
{
  return (uint32_t)(((random_u64(random) >> 32) * limit) >> 32);
}

/* The seed of this run: the first argument, or the environment's GILLOC_TEST_SEED, or a new one. Printed. */
static inline uint64_t test_seed(int argc, char **argv)
{
  const char *given = argc > 1 ? argv[1] : getenv("GILLOC_TEST_SEED");
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_nsec ^ ((uint64_t)getpid() << 32);
  printf("seed %llu\n", (unsigned long long)seed);
  fflush(stdout);
  return seed;
}

/* What went wrong in threads and in forked children of this process. */
static _Atomic unsigned test_failures __attribute__((unused));

static inline void note_failure(const char *what, const char *file, int line)
{
  if (atomic_fetch_add_explicit(&test_failures, 1, memory_order_relaxed) < 20)
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
}

#define COUNT_UNLESS(condition)                                                                              \
  do {                                                                                                       \
    if (!(condition))                                                                                        \
      note_failure(#condition, __FILE__, __LINE__);                                                          \
  } while (0)

/* Group set-up and tear-down for tests that call the modules behind the public functions: under `gil`
 * their callers hold the GIL. */
static inline int hold_gil(void **state)
{
  (void)state;
  gilloc_thread_attach();
  return 0;
}

static inline int drop_gil(void **state)
{
  (void)state;
  gilloc_thread_detach();
  return 0;
}

/* pthread_join for a thread that may hold the GIL, which the joined thread may need. */
static inline void join_thread(pthread_t thread)
{
  bool held = GILLOC_HAS_GIL && gilloc_gil_is_held();
  if (held)
    gilloc_blocking_enter();
  pthread_join(thread, NULL);
  if (held)
    gilloc_blocking_leave();
}

/* Runs `body` in `count` threads at once, each with its number as argument. */
static inline void run_threads(unsigned count, void *(*body)(void *))
{
  pthread_t threads[64];
  for (unsigned i = 0; i < count; i++)
    pthread_create(&threads[i], NULL, body, (void *)(uintptr_t)i);
  for (unsigned i = 0; i < count; i++)
    join_thread(threads[i]);
}

/* Contents that tell one block from another and one offset from the next. */
static inline void fill(void *block, size_t size, unsigned key)
{
  unsigned char *bytes = block;
  for (size_t i = 0; i < size; i++)
    bytes[i] = (unsigned char)(i * 31 + key);
}

static inline bool is_filled(const void *block, size_t size, unsigned key)
{
  const unsigned char *bytes = block;
  for (size_t i = 0; i < size; i++)
    if (bytes[i] != (unsigned char)(i * 31 + key))
      return false;
  return true;
}

/* True where the page of `address` is mapped. */
static inline bool is_mapped(const void *address)
{
  unsigned char residence;
  void *page = (void *)((uintptr_t)address & ~(uintptr_t)(TEST_PAGE - 1));
  return mincore(page, 1, &residence) == 0 || errno != ENOMEM;
}

/* Addresses of nobody: `bytes` that fault when touched, at a multiple of `alignment`, within a reservation
 * that is never given back. */
static inline char *reserve_addresses(size_t bytes, size_t alignment)
{
  char *start = mmap(NULL, bytes + alignment, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED)
    return NULL;
  return (char *)(((uintptr_t)start + alignment - 1) & ~(uintptr_t)(alignment - 1));
}

/* Waits for a forked child; its exit status, or 128 + the signal that ended it. */
static inline int wait_for_child(pid_t child)
{
  int status = 0;
  if (waitpid(child, &status, 0) != child)
    return 255;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif
