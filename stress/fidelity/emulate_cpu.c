/* SPDX-License-Identifier: MIT
 *
 * emulate_cpu.c: the worker's experiments without I/O. The first thread holds the GIL when it reads the
 * counts, as an interpreter's would, so it has to wait for it like everybody.
 */
#include "emulate.h"

#include <gilloc/gil.h>
#include <stdio.h>
#include <time.h>

struct reading {
  uint64_t ns;
  uint64_t counts[GILLOC_EMULATE_THREADS_MAX];
};

static struct reading read_counts(void)
{
  struct reading reading = {.ns = gilloc_emulate_now_ns()};
  for (uint64_t i = 0; i < gilloc_emulation.threads; i++)
    reading.counts[i] = atomic_load_explicit(&gilloc_emulate_spinners[i].count, memory_order_relaxed);
  return reading;
}

static double sum_of(const double *done)
{
  double sum = 0;
  for (uint64_t i = 0; i < gilloc_emulation.threads; i++)
    sum += done[i];
  return sum;
}

/* The spinners' progress over the measured time: in seconds, and in iterations of each. Who gets the GIL for
 * the first reading only when the spinners have given up is `starved`: then all is theirs that they did until
 * then. */
static double run_spinners(double *done, bool *starved)
{
  gilloc_emulate_spinners_begin(true);
  gilloc_emulate_spinners_go();
  gilloc_emulate_sleep_ms(gilloc_emulation.warm_ms);
  struct reading first = read_counts();
  gilloc_emulate_sleep_ms(gilloc_emulation.ms);
  struct reading last = read_counts();
  gilloc_emulate_spinners_end();
  for (uint64_t i = 0; i < gilloc_emulation.threads; i++)
    done[i] = (double)(last.counts[i] - first.counts[i]);
  *starved = gilloc_emulation.give_up_ms > 0 && !(sum_of(done) > 0);
  if (!*starved)
    return (double)(last.ns - first.ns) * 1e-9;
  for (uint64_t i = 0; i < gilloc_emulation.threads; i++)
    done[i] = (double)last.counts[i];
  return (double)gilloc_emulation.give_up_ms * 1e-3;
}

static double least_of(const double *done)
{
  double least = done[0];
  for (uint64_t i = 1; i < gilloc_emulation.threads; i++)
    least = done[i] < least ? done[i] : least;
  return least;
}

bool gilloc_emulate_throughput(void)
{
  double done[GILLOC_EMULATE_THREADS_MAX];
  bool starved;
  double seconds = run_spinners(done, &starved);
  printf("value %.3f\nstarved %d\n", sum_of(done) / seconds, starved);
  return true;
}

bool gilloc_emulate_fairness(void)
{
  double done[GILLOC_EMULATE_THREADS_MAX];
  bool starved;
  double seconds = run_spinners(done, &starved), sum = sum_of(done), squares = 0;
  for (uint64_t i = 0; i < gilloc_emulation.threads; i++)
    squares += done[i] * done[i];
  double count = (double)gilloc_emulation.threads;
  printf("value %.6f\njain %.6f\nper_s %.3f\n", sum > 0 ? least_of(done) * count / sum : 0,
         squares > 0 ? sum * sum / (count * squares) : 0, sum / seconds);
  return true;
}

static uint64_t count_down(uint64_t iterations)
{
  uint64_t state = 1;
  for (; iterations > 0; iterations--) {
    state = gilloc_emulate_work(state, gilloc_emulation.countdown_steps);
    gilloc_emulate_check_in();
  }
  return state;
}

static void *take_part(void *argument)
{
  (void)argument;
  gilloc_emulate_pin((unsigned)(uintptr_t)argument % 2);
  gilloc_thread_attach();
  gilloc_emulate_started();
  uint64_t state = count_down(gilloc_emulation.iterations / gilloc_emulation.threads);
  gilloc_thread_detach();
  return (void *)(uintptr_t)(state | 1);
}

bool gilloc_emulate_countdown(void)
{
  uint64_t begin_ns = gilloc_emulate_now_ns();
  for (uint64_t i = 0; i < gilloc_emulation.threads; i++)
    gilloc_emulate_start(take_part, (void *)(uintptr_t)i);
  gilloc_emulate_join();
  printf("value %.6f\n", (double)(gilloc_emulate_now_ns() - begin_ns) * 1e-9);
  return true;
}

/* The first thread computes for a burst and then sleeps for no time at all, as if it did I/O. Shares are of
 * what the thread would do alone, in equal parts of the measured time: 1 is a fair share. */
bool gilloc_emulate_cpued(void)
{
  double done[GILLOC_EMULATE_THREADS_MAX] = {0}, bursts = 0;
  uint64_t state = 1;
  gilloc_emulate_spinners_begin(false);
  gilloc_emulate_pin(0);
  gilloc_emulate_spinners_go();
  gilloc_emulate_sleep_ms(gilloc_emulation.warm_ms);
  struct reading first = read_counts(), last;
  uint64_t end_ns = first.ns + gilloc_emulation.ms * UINT64_C(1000000);
  while (gilloc_emulate_now_ns() < end_ns) {
    state += count_down(gilloc_emulation.burst_iterations);
    bursts++;
    gilloc_blocking_enter();
    nanosleep(&(struct timespec){0, 0}, NULL);
    gilloc_blocking_leave();
  }
  last = read_counts();
  gilloc_emulate_spinners_end();
  double ns = (double)(last.ns - first.ns), parts = (double)gilloc_emulation.threads + 1;
  for (uint64_t i = 0; i < gilloc_emulation.threads; i++)
    done[i] = (double)(last.counts[i] - first.counts[i]) * (double)gilloc_emulation.spin_ps * 1e-3;
  double spinner = least_of(done) / ns * parts;
  double pretender = bursts * (double)gilloc_emulation.burst_ns / ns * parts;
  printf("spinner_share %.6f\npretender_share %.6f\nchecksum %llu\n", spinner, pretender,
         (unsigned long long)(state & 1));
  return true;
}
