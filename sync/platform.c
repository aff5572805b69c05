/* SPDX-License-Identifier: MIT
 *
 * platform.c: Linux, and nothing above it. Futexes go by system call, since glibc has no function for them.
 */
#include "platform.h"

#include "panic.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/random.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_SECOND = 1000000000 };

/* A rate measured over less is not worth its error; an anchor older is not worth its age. */
enum { CLOCK_MEASURE_NS = 100000, CLOCK_WINDOW_NS = 1000000 };

/* The kernel's mask of processors, as sched_getaffinity(2) fills it. */
enum { CPU_MASK_WORDS = 128 };

static GILLOC_THREAD_LOCAL uint32_t cached_thread_id;
static GILLOC_WRITTEN_AT_START _Atomic unsigned cached_cpu_count;

bool gilloc_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns)
{
  int saved_errno = errno;
  struct timespec limit = {.tv_sec = timeout_ns / NS_PER_SECOND, .tv_nsec = timeout_ns % NS_PER_SECOND};
  long result =
      syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, timeout_ns < 0 ? NULL : &limit, NULL, 0);
  int error = result == 0 ? 0 : errno;
  errno = saved_errno;
  if (error != 0 && error != EAGAIN && error != EINTR && error != ETIMEDOUT)
    gilloc_panic_os("futex wait", error);
  return error != ETIMEDOUT;
}

/* Errors are not looked at: the word may be on the stack of a thread that has already gone on, which is
 * no harm, because every sleeper checks its word again. */
void gilloc_futex_wake(_Atomic uint32_t *word, int count)
{
  int saved_errno = errno;
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
  errno = saved_errno;
}

uint64_t gilloc_clock_ns(void)
{
  int saved_errno = errno;
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
    gilloc_panic_os("clock_gettime", errno);
  errno = saved_errno;
  return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t gilloc_clock_anchor(struct gilloc_clock *clock)
{
  uint64_t ticks = gilloc_ticks();
  uint64_t now = gilloc_clock_ns();
  double passed_ns = (double)(now - clock->anchor_ns);
  double passed_ticks = (double)(int64_t)(ticks - clock->anchor_ticks);
  if (clock->anchor_ns == 0 || passed_ticks <= 0) {
    clock->window_ticks = 0;
    clock->anchor_ns = now;
    clock->anchor_ticks = ticks;
  } else if (passed_ns >= CLOCK_MEASURE_NS) {
    clock->ns_per_tick = (uint64_t)(passed_ns / passed_ticks * 4294967296.0);
    clock->window_ticks = (uint64_t)(passed_ticks / passed_ns * CLOCK_WINDOW_NS);
    clock->anchor_ns = now;
    clock->anchor_ticks = ticks;
  }
  if (now > clock->last_ns)
    clock->last_ns = now;
  return clock->last_ns;
}

uint32_t gilloc_thread_id(void)
{
  if (GILLOC_UNLIKELY(cached_thread_id == 0))
    cached_thread_id = (uint32_t)syscall(SYS_gettid);
  return cached_thread_id;
}

void gilloc_thread_id_after_fork_child(void)
{
  cached_thread_id = 0;
}

static unsigned count_cpus(void)
{
  unsigned long mask[CPU_MASK_WORDS];
  int saved_errno = errno;
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
  unsigned count = 0;
  errno = saved_errno;
  for (long i = 0; i < bytes / (long)sizeof mask[0]; i++)
    count += (unsigned)__builtin_popcountl(mask[i]);
  /* More than the mask holds is more than one. */
  return bytes < 0 ? 2 : count;
}

unsigned gilloc_cpu_count(void)
{
  unsigned count = atomic_load_explicit(&cached_cpu_count, memory_order_relaxed);
  if (GILLOC_UNLIKELY(count == 0)) {
    count = count_cpus();
    atomic_store_explicit(&cached_cpu_count, count, memory_order_relaxed);
  }
  return count;
}

bool gilloc_has_one_thread(void)
{
  return __libc_single_threaded != 0;
}

/* Spreads what little is known over all bits (an odd multiplier, a shift, three times). */
static uint64_t mix(uint64_t x)
{
  x = (x ^ (x >> 29)) * 0xff51afd7ed558ccdu;
  x = (x ^ (x >> 32)) * 0xc4ceb9fe1a85ec53u;
  return x ^ (x >> 31);
}

uint64_t gilloc_random_u64(void)
{
  int saved_errno = errno;
  uint64_t random = 0;
  ssize_t got;
  do {
    got = getrandom(&random, sizeof random, GRND_NONBLOCK);
  } while (got < 0 && errno == EINTR);
  errno = saved_errno;
  if (got == (ssize_t)sizeof random)
    return random;
  return mix(mix(gilloc_clock_ns() ^ (uintptr_t)&random) ^ (uintptr_t)&cached_cpu_count ^ gilloc_ticks());
}
