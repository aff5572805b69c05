/* SPDX-License-Identifier: MIT
 *
 * platform.h: what sync/ needs of the machine and of Linux, and nothing else: futex, monotonic clock,
 * thread id, spin hint. Nothing here allocates, or keeps state but two cached answers of the kernel; every
 * function preserves errno.
 */
#ifndef GILLOC_PLATFORM_H
#define GILLOC_PLATFORM_H

#include "base.h"

#include <stdatomic.h>

/* Sleeps while `*word == expected`, until woken or (timeout_ns >= 0) that many nanoseconds have passed;
 * may return spuriously. timeout_ns < 0: no limit. False when the time ran out. */
bool gilloc_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns);

/* Wakes up to `count` sleepers on `word`. */
void gilloc_futex_wake(_Atomic uint32_t *word, int count);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t gilloc_clock_ns(void);

/* The same clock for those who read it again and again (the system's costs more than a whole uncontended
 * acquire and release of the GIL). Between true readings, a millisecond apart at most, it counts the
 * processor's ticks at the rate they last had; it follows the true clock whatever the ticks do and never
 * runs backwards. All zero at the start; the caller keeps other users out. */
struct gilloc_clock {
  uint64_t anchor_ns;    /* the last true reading ... */
  uint64_t anchor_ticks; /* ... and the ticks at that moment */
  uint64_t window_ticks; /* how far the anchor carries; 0 while the rate is unknown */
  uint64_t ns_per_tick;  /* 32.32 fixed point */
  uint64_t last_ns;      /* the latest answer */
};

/* Reads the true clock for gilloc_clock_read when the anchor is too old. */
uint64_t gilloc_clock_anchor(struct gilloc_clock *clock);

/* A small number unique among living threads (the kernel's thread id), never 0; cached per thread, and
 * renewed by the second function, which a fork's child calls. */
uint32_t gilloc_thread_id(void);
void gilloc_thread_id_after_fork_child(void);

/* False once the process has had a second thread; then only a fork's child may answer true again. */
bool gilloc_has_one_thread(void);

/* How many processors this process may run on, at least 1; asked once. With one, spinning is in vain. */
unsigned gilloc_cpu_count(void);

/* 64 bits of randomness that an attacker cannot guess, from getrandom(2); from clock and addresses where
 * the kernel has none yet. */
uint64_t gilloc_random_u64(void);

/* The processor's own counter: cheap, of constant rate on any machine of the last ten years, not trusted. */
static inline uint64_t gilloc_ticks(void)
{
#if defined(__x86_64__) || defined(__i386__)
  return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
  uint64_t ticks;
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks;
#else
  return gilloc_clock_ns();
#endif
}

/* CLOCK_MONOTONIC in nanoseconds, as struct gilloc_clock says. */
static inline uint64_t gilloc_clock_read(struct gilloc_clock *clock)
{
  uint64_t passed = gilloc_ticks() - clock->anchor_ticks;
  if (GILLOC_UNLIKELY(passed >= clock->window_ticks))
    return gilloc_clock_anchor(clock);
  uint64_t now = clock->anchor_ns + ((passed * clock->ns_per_tick) >> 32);
  if (now > clock->last_ns)
    clock->last_ns = now;
  return clock->last_ns;
}

/* Tells the processor that this is a spin loop. */
static inline void gilloc_spin_hint(void)
{
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield" ::: "memory");
#endif
}

/* Brings the line of mapped memory here by reading a byte, and forgets it, so it may be written to meanwhile.
 * Of prefetches, many in a row and far from all that was used last, processors drop the most. */
static inline void gilloc_pull_line(const void *address)
{
#if defined(__x86_64__) || defined(__i386__)
  __asm__ volatile("testb %%al, %0" : : "m"(*(const char *)address) : "cc");
#elif defined(__aarch64__)
  __asm__ volatile("ldrb wzr, %0" : : "Q"(*(const char *)address));
#else
  __builtin_prefetch(address);
#endif
}

#endif
