/* SPDX-License-Identifier: MIT
 *
 * rcu.c: liburcu's bp flavour, by its functions (its inlines would make this file LGPL). Compiled into the
 * `fine` flavours only, which link urcu-bp and urcu-common; the others do not refer to it. Debian's liburcu
 * is not built for ThreadSanitizer, so the one edge that matters is shown to it here: what a reader did
 * before it left its section happened before what follows the grace period.
 */
#include "rcu.h"

#include "panic.h"
#include "platform.h"
#include "rank.h"
#include "tsan.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <urcu/urcu-bp.h>

/* The address by which the sanitizer knows the edge. */
static char grace_period;

/* False while the loader may not have readied liburcu, and where its locks and its list of readers may have
 * been copied in the midst of something. */
static GILLOC_WRITTEN_AT_START _Atomic bool is_ready;
static _Atomic bool forks_alone;

__attribute__((constructor(101))) static void library_starts(void)
{
  atomic_store_explicit(&is_ready, true, memory_order_relaxed);
}

static bool has_grace_periods(void)
{
  return GILLOC_LIKELY(atomic_load_explicit(&is_ready, memory_order_relaxed));
}

void gilloc_rcu_read_enter(void)
{
  if (!has_grace_periods())
    return;
  int saved_errno = errno;
  urcu_bp_read_lock();
  errno = saved_errno;
}

void gilloc_rcu_read_leave(void)
{
  if (!has_grace_periods())
    return;
  gilloc_tsan_releasing(&grace_period);
  urcu_bp_read_unlock();
}

/* liburcu's: whether its fences are membarrier(2)'s. Its headers have it under the LGPL only. */
extern int urcu_bp_has_sys_membarrier;

/* False where the kernel has begun to refuse membarrier(2) (a sandbox): liburcu would end the process. It
 * does so still where the sandbox is closed between this call and its own. */
static bool can_synchronize(void)
{
  return !urcu_bp_has_sys_membarrier || syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

bool gilloc_rcu_synchronize(void)
{
  int saved_errno = errno;
  gilloc_assert(gilloc_rank_held() == 0);
  if (!has_grace_periods())
    return false;
  gilloc_assert(!urcu_bp_read_ongoing());
  if (GILLOC_UNLIKELY(!can_synchronize())) {
    errno = saved_errno;
    return false;
  }
  /* It sleeps with liburcu's lock held: a thread that ended there would take the lock with it. */
  int cancel_state;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
  urcu_bp_synchronize_rcu();
  pthread_setcancelstate(cancel_state, NULL);
  gilloc_tsan_acquired(&grace_period);
  errno = saved_errno;
  return true;
}

void gilloc_rcu_keep_loaded(void)
{
  Dl_info info;
  if (!GILLOC_CLOSABLE || dladdr((void *)urcu_bp_synchronize_rcu, &info) == 0)
    return;
  void *library = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  if (library)
    dlclose(library);
}

void gilloc_rcu_before_fork(void)
{
  atomic_store_explicit(&forks_alone, gilloc_has_one_thread(), memory_order_relaxed);
}

void gilloc_rcu_after_fork_child(void)
{
  if (!atomic_load_explicit(&forks_alone, memory_order_relaxed))
    atomic_store_explicit(&is_ready, false, memory_order_relaxed);
}
