/* SPDX-License-Identifier: MIT
 *
 * task.h: what a workload of `gilloc bench` is given, and how it accounts for its blocks. A workload uses
 * malloc and free alone, so the same program runs on any allocator; its work is fixed, so seconds compare.
 *
 * Every block carries a stamp in its first word, of which no two are the same, and, from 9 bytes on, a part
 * of it in its last byte. The sum of the stamps that were given out and the sum of those that came back are
 * equal exactly when (but for chance) no block was handed out twice, overlapped another or was written to by
 * the allocator. A ledger belongs to one thread at a time.
 */
#ifndef GILLOC_BENCH_TASK_H
#define GILLOC_BENCH_TASK_H

#include "prng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { GILLOC_BENCH_THREADS_MAX = 64, GILLOC_BENCH_LINE = 64, GILLOC_BENCH_PERCENT = 100 };

struct gilloc_bench_task {
  unsigned threads;
  unsigned percent; /* of the full amount of work */
  uint64_t seed;
};

struct gilloc_bench_ledger {
  _Alignas(2 * GILLOC_BENCH_LINE) uint64_t next; /* stamp */
  uint64_t born;                                 /* sum of the stamps of all blocks taken */
  uint64_t died;                                 /* and given back */
  uint64_t blocks;                               /* taken */
  uint64_t damaged;                              /* blocks whose contents were wrong */
};

struct gilloc_bench_workload {
  const char *name;
  const char *about;
  /* Does the work, gives every block back and adds what it did to the ledger. */
  void (*run)(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total);
};

/* Ends the program with one line: the allocator said no, or a thread could not be had. */
_Noreturn void gilloc_bench_die(const char *what);

/* A ledger whose stamps are those of stream `stream`. */
static inline struct gilloc_bench_ledger gilloc_bench_ledger_make(const struct gilloc_bench_task *task,
                                                                  uint64_t stream)
{
  return (struct gilloc_bench_ledger){.next = gilloc_prng_stream(task->seed, stream).state};
}

static inline void gilloc_bench_ledger_add(struct gilloc_bench_ledger *total,
                                           const struct gilloc_bench_ledger *part)
{
  total->born += part->born;
  total->died += part->died;
  total->blocks += part->blocks;
  total->damaged += part->damaged;
}

/* Marks a block of `size` >= 8 bytes as taken. */
static inline void gilloc_bench_stamp(struct gilloc_bench_ledger *ledger, void *block, size_t size)
{
  if (__builtin_expect(!block, 0))
    gilloc_bench_die("out of memory");
  uint64_t stamp = ledger->next += UINT64_C(0x9e3779b97f4a7c15);
  *(uint64_t *)block = stamp;
  if (size > sizeof stamp)
    ((unsigned char *)block)[size - 1] = (unsigned char)(stamp >> 56);
  ledger->born += stamp;
  ledger->blocks++;
}

/* Marks it as about to be given back; `size` may be 8 where it is not known. */
static inline void gilloc_bench_check(struct gilloc_bench_ledger *ledger, const void *block, size_t size)
{
  uint64_t stamp = *(const uint64_t *)block;
  ledger->died += stamp;
  if (size > sizeof stamp && ((const unsigned char *)block)[size - 1] != (unsigned char)(stamp >> 56))
    ledger->damaged++;
}

static inline void *gilloc_bench_take(struct gilloc_bench_ledger *ledger, size_t size)
{
  void *block = malloc(size);
  gilloc_bench_stamp(ledger, block, size);
  return block;
}

static inline void gilloc_bench_give(struct gilloc_bench_ledger *ledger, void *block, size_t size)
{
  gilloc_bench_check(ledger, block, size);
  free(block);
}

/* That part of `count` which the task asks for, at least 1. */
uint64_t gilloc_bench_scaled(const struct gilloc_bench_task *task, uint64_t count);

/* Zeroed memory for the workload's own tables. */
void *gilloc_bench_table(size_t count, size_t size);

/* One thread's share of a workload. */
struct gilloc_bench_lane {
  const struct gilloc_bench_task *task;
  void *shared; /* the workload's */
  unsigned number;
  struct gilloc_prng prng;
  struct gilloc_bench_ledger ledger;
};

/* Runs `body` with a lane each in `count` new threads, joins them and adds their ledgers to `total`. `first`
 * is the stream of lane 0's dice and stamps. */
struct gilloc_bench_crew {
  unsigned count;
  uint64_t first;
  void *shared;
  void (*body)(struct gilloc_bench_lane *lane);
};
void gilloc_bench_crew_run(const struct gilloc_bench_crew *crew, const struct gilloc_bench_task *task,
                           struct gilloc_bench_ledger *total);

#endif
