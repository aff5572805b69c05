/* SPDX-License-Identifier: MIT
 *
 * clock.h: the lab's time: nanoseconds of CLOCK_MONOTONIC, the same for every process of the machine.
 */
#ifndef GILLOC_LAB_CLOCK_H
#define GILLOC_LAB_CLOCK_H

#include <stdint.h>
#include <time.h>

static const uint64_t GILLOC_LAB_SECOND_NS = UINT64_C(1000000000);

static inline uint64_t gilloc_lab_timespec_ns(struct timespec time)
{
  return (uint64_t)time.tv_sec * GILLOC_LAB_SECOND_NS + (uint64_t)time.tv_nsec;
}

static inline struct timespec gilloc_lab_timespec(uint64_t ns)
{
  return (struct timespec){(time_t)(ns / GILLOC_LAB_SECOND_NS), (long)(ns % GILLOC_LAB_SECOND_NS)};
}

static inline uint64_t gilloc_lab_clock_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return gilloc_lab_timespec_ns(now);
}

/* Sleeps until that time. */
static inline void gilloc_lab_sleep_until(uint64_t ns)
{
  struct timespec until = gilloc_lab_timespec(ns);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) {
  }
}

#endif
