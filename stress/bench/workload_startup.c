/* SPDX-License-Identifier: MIT
 *
 * workload_startup.c: what an allocator costs a program that needs none: this one is started again and again
 * with nothing to do. The allocator comes along in the environment.
 */
#include "workloads.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STARTS = 60 };

void gilloc_bench_startup(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  char *argv[] = {(char *)"gilloc-bench-program", (char *)GILLOC_BENCH_NOTHING, NULL};
  for (uint64_t left = gilloc_bench_scaled(task, STARTS); left > 0; left--) {
    pid_t process;
    int status = 1;
    if (posix_spawn(&process, "/proc/self/exe", NULL, NULL, argv, environ) != 0 ||
        waitpid(process, &status, 0) != process || status != 0)
      gilloc_bench_die("cannot start a process");
    total->blocks++;
  }
}
