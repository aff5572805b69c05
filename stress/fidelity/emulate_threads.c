/* SPDX-License-Identifier: MIT
 *
 * emulate_threads.c: the worker's threads: pinned, started and joined as CPython's threading module does it,
 * and the spinners. A spinner checks in once an iteration, as a loop of
 * bytecode does at its jump back since CPython 3.10, or several times, as in CPython 2 at most operations.
 */
#include "emulate.h"

#include "../lab/prng.h"

#include <errno.h>
#include <gilloc/gil.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gilloc_emulate_spinner gilloc_emulate_spinners[GILLOC_EMULATE_THREADS_MAX];

static pthread_t threads[GILLOC_EMULATE_THREADS_MAX];
static unsigned thread_count;
static sem_t started;
static sem_t go;
static _Atomic bool stop;
static bool spread_out;
static uint64_t went_ns; /* when the spinners went off; written before `go` */

_Noreturn static void fail(const char *what, int error)
{
  fprintf(stderr, "gilloc-fidelity-gil: %s: %s\n", what, strerror(error));
  exit(1);
}

uint64_t gilloc_emulate_work(uint64_t state, uint64_t steps)
{
  struct gilloc_prng prng = {state};
  uint64_t sum = 0;
  for (uint64_t i = 0; i < steps; i++)
    sum ^= gilloc_prng_next(&prng);
  return sum;
}

/* Threads inherit their starter's place, so what is usable is asked once, before anybody is pinned. */
static const cpu_set_t *usable(void)
{
  static cpu_set_t set;
  static bool known;
  if (!known && sched_getaffinity(0, sizeof set, &set) != 0)
    CPU_ZERO(&set);
  known = true;
  return &set;
}

void gilloc_emulate_pin(unsigned n)
{
  cpu_set_t one;
  if (CPU_COUNT(usable()) < 2)
    return;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, usable()) || n-- > 0)
      continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0)
      fail("sched_setaffinity", errno);
    return;
  }
}

void gilloc_emulate_started(void)
{
  sem_post(&started);
}

static void wait_for(sem_t *event)
{
  gilloc_blocking_enter();
  while (sem_wait(event) != 0) {
  }
  gilloc_blocking_leave();
}

void gilloc_emulate_start(void *(*body)(void *), void *argument)
{
  if (thread_count == 0 && (sem_init(&started, 0, 0) != 0 || sem_init(&go, 0, 0) != 0))
    fail("sem_init", errno);
  int error = pthread_create(&threads[thread_count++], NULL, body, argument);
  if (error != 0)
    fail("pthread_create", error);
  wait_for(&started);
}

void gilloc_emulate_join(void)
{
  gilloc_blocking_enter();
  while (thread_count > 0) {
    int error = pthread_join(threads[--thread_count], NULL);
    if (error != 0)
      fail("pthread_join", error);
  }
  gilloc_blocking_leave();
}

void gilloc_emulate_sleep_ms(uint64_t milliseconds)
{
  struct timespec left = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
  gilloc_blocking_enter();
  while (nanosleep(&left, &left) != 0) {
  }
  gilloc_blocking_leave();
}

static bool stopped(void)
{
  return atomic_load_explicit(&stop, memory_order_relaxed);
}

void gilloc_emulate_check_in(void)
{
  for (uint64_t i = 0; i < gilloc_emulation.checks; i++)
    gilloc_checkpoint();
}

static bool gave_up(void)
{
  uint64_t limit_ns = gilloc_emulation.give_up_ms * UINT64_C(1000000);
  return limit_ns > 0 && gilloc_emulate_now_ns() - went_ns > limit_ns;
}

static void add_one(struct gilloc_emulate_spinner *spinner)
{
  uint64_t count = atomic_load_explicit(&spinner->count, memory_order_relaxed);
  atomic_store_explicit(&spinner->count, count + 1, memory_order_relaxed);
}

static uint64_t spin_pure(struct gilloc_emulate_spinner *spinner)
{
  uint64_t sum = 1;
  while (!stopped()) {
    sum = gilloc_emulate_work(sum, gilloc_emulation.spin_steps);
    add_one(spinner);
    gilloc_emulate_check_in();
  }
  return sum;
}

static uint64_t spin_holding(struct gilloc_emulate_spinner *spinner)
{
  uint64_t sum = 1;
  while (!stopped() && !gave_up()) {
    sum = gilloc_emulate_work(sum, gilloc_emulation.hold_steps);
    add_one(spinner);
    gilloc_emulate_check_in();
  }
  return sum;
}

static uint64_t spin_releasing(struct gilloc_emulate_spinner *spinner)
{
  uint64_t sum = 1;
  while (!stopped()) {
    gilloc_blocking_enter();
    sum = gilloc_emulate_work(sum, gilloc_emulation.release_steps);
    gilloc_blocking_leave();
    add_one(spinner);
    gilloc_emulate_check_in();
  }
  return sum;
}

static void *spin(void *argument)
{
  struct gilloc_emulate_spinner *spinner = argument;
  unsigned index = (unsigned)(spinner - gilloc_emulate_spinners);
  uint64_t sum = 0;
  gilloc_emulate_pin(spread_out ? index % 2 : 1);
  gilloc_thread_attach();
  gilloc_emulate_started();
  wait_for(&go);
  if (strcmp(gilloc_emulation.kind, "hold") == 0)
    sum = spin_holding(spinner);
  else if (strcmp(gilloc_emulation.kind, "release") == 0)
    sum = spin_releasing(spinner);
  else
    sum = spin_pure(spinner);
  gilloc_thread_detach();
  return (void *)(uintptr_t)(sum | 1);
}

void gilloc_emulate_spinners_begin(bool spread)
{
  spread_out = spread;
  (void)usable();
  for (uint64_t i = 0; i < gilloc_emulation.threads; i++)
    gilloc_emulate_start(spin, &gilloc_emulate_spinners[i]);
}

void gilloc_emulate_spinners_go(void)
{
  went_ns = gilloc_emulate_now_ns();
  for (uint64_t i = 0; i < gilloc_emulation.threads; i++)
    sem_post(&go);
}

void gilloc_emulate_spinners_end(void)
{
  atomic_store(&stop, true);
  gilloc_emulate_join();
}
