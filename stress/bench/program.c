/* SPDX-License-Identifier: MIT
 *
 * program.c: gilloc-bench-program WORKLOAD THREADS [PERCENT [SEED]]: does a workload once, on whatever malloc
 * it finds, and prints what it took, a word and a figure a line. Ends with 1 if a block was lost or damaged.
 */
#include "clock.h"
#include "workloads.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct gilloc_bench_workload workloads[] = {
    {"alloc-test", "a large set of slots, visited unevenly", gilloc_bench_alloc_test},
    {"cache-scratch", "a block of another thread's line is freed first", gilloc_bench_cache_scratch},
    {"cache-thrash", "blocks of 8 bytes written many times", gilloc_bench_cache_thrash},
    {"cfrac", "arithmetic on long numbers", gilloc_bench_cfrac},
    {"espresso", "covers of Boolean functions", gilloc_bench_espresso},
    {"glibc-simple", "up to 1,600 blocks of one size", gilloc_bench_glibc_simple},
    {"glibc-thread", "1,024 blocks of 8 to 32,768 bytes, replaced at random", gilloc_bench_glibc_thread},
    {"larson", "blocks outlive their threads", gilloc_bench_larson},
    {"larson-sized", "the same, sizes given back", gilloc_bench_larson_sized},
    {"malloc-large", "5 to 25 MiB, ends touched", gilloc_bench_malloc_large},
    {"malloc-touch", "5 to 25 MiB, every page touched", gilloc_bench_malloc_touch},
    {"mleak", "threads come and go", gilloc_bench_mleak},
    {"mstress", "threads come and go, blocks are swapped", gilloc_bench_mstress},
    {"pc-1n", "one producer, several consumers", gilloc_bench_queue_1n},
    {"pc-n1", "several producers, one consumer", gilloc_bench_queue_n1},
    {"rbstress", "an interpreter's heap with its garbage collection", gilloc_bench_rbstress},
    {"ring", "each thread frees the blocks of the one before", gilloc_bench_ring},
    {"rptest", "16 to 8,000 bytes, a third handed to the next thread", gilloc_bench_rptest},
    {"sh6", "bursts freed in various orders", gilloc_bench_sh6},
    {"sh8", "bursts freed by another thread", gilloc_bench_sh8},
    {"startup", "a program with nothing to do", gilloc_bench_startup},
    {"trees", "binary trees as Lua makes them", gilloc_bench_trees},
    {"xmalloc-test", "N threads take, N free", gilloc_bench_xmalloc},
};

enum { WORKLOADS = sizeof workloads / sizeof *workloads };

static const struct gilloc_bench_workload *find(const char *name)
{
  for (size_t i = 0; i < WORKLOADS; i++) {
    if (strcmp(name, workloads[i].name) == 0)
      return &workloads[i];
  }
  return NULL;
}

_Noreturn static void refuse(const char *what)
{
  (void)fprintf(
      stderr,
      "gilloc-bench-program: %s; usage: gilloc-bench-program WORKLOAD THREADS [PERCENT [SEED]]; there are",
      what);
  for (size_t i = 0; i < WORKLOADS; i++)
    (void)fprintf(stderr, " %s", workloads[i].name);
  (void)fputs("\n", stderr);
  exit(2);
}

/* A number in 1 .. most. */
static uint64_t parse(const char *text, uint64_t most, const char *what)
{
  char *end = NULL;
  uint64_t value = strtoull(text, &end, 10);
  if (*text < '0' || *text > '9' || *end || value < 1 || value > most)
    refuse(what);
  return value;
}

/* Resident now; read without malloc. */
static uint64_t resident_bytes(void)
{
  char text[128] = "";
  int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
  if (file >= 0)
    (void)close(file);
  char *second = length > 0 ? strchr(text, ' ') : NULL;
  return second ? strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

int main(int argc, char **argv)
{
  if (argc == 2 && strcmp(argv[1], GILLOC_BENCH_NOTHING) == 0)
    return 0;
  if (argc < 3 || argc > 5)
    refuse("a workload and a number of threads are needed");
  const struct gilloc_bench_workload *workload = find(argv[1]);
  if (!workload)
    refuse("no such workload");
  struct gilloc_bench_task task = {
      (unsigned)parse(argv[2], GILLOC_BENCH_THREADS_MAX, "THREADS is not a number from 1 to 64"),
      argc > 3 ? (unsigned)parse(argv[3], 100000, "PERCENT is not a number from 1 to 100000")
               : GILLOC_BENCH_PERCENT,
      argc > 4 ? parse(argv[4], UINT64_MAX, "SEED is not a number from 1 on") : 1};
  struct gilloc_bench_ledger total = gilloc_bench_ledger_make(&task, UINT64_C(1) << 32);
  uint64_t begin = gilloc_lab_clock_ns();
  workload->run(&task, &total);
  uint64_t end = gilloc_lab_clock_ns();
  bool intact = total.born == total.died && total.damaged == 0;
  printf("seconds %.6f\nblocks %llu\nchecksum %016llx\nsettled_bytes %llu\nverified %s\n",
         (double)(end - begin) * 1e-9, (unsigned long long)total.blocks, (unsigned long long)total.born,
         (unsigned long long)resident_bytes(), intact ? "yes" : "no");
  if (!intact)
    gilloc_bench_die("blocks were lost or damaged");
  return 0;
}
