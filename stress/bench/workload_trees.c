/* SPDX-License-Identifier: MIT
 *
 * workload_trees.c: after the binary-trees program of the Computer Language Benchmarks Game (from H. Boehm's
 * GCBench), as Lua runs it: a node is a table of 56 bytes with an array of two children in a block of its
 * own. One tall tree lives throughout while many lower ones are built, counted and torn down. Each thread
 * does so for itself.
 */
#include "workloads.h"

enum { DEEPEST = 14, SHALLOWEST = 4, TREES = 48 };

struct node {
  uint64_t stamp;
  struct node **children; /* NULL in a leaf; a block of a stamp and two */
  uint64_t table[5];
};

enum { CHILDREN = 3 };

static struct node *grow(struct gilloc_bench_ledger *ledger, unsigned depth)
{
  struct node *node = gilloc_bench_take(ledger, sizeof *node);
  node->children = NULL;
  if (depth == 0)
    return node;
  struct node **children = gilloc_bench_take(ledger, CHILDREN * sizeof *children);
  /* The last byte of the array is a stamp's until here; from here on the array is checked by its first word.
   */
  children[1] = grow(ledger, depth - 1);
  children[2] = grow(ledger, depth - 1);
  node->children = children;
  return node;
}

/* The number of its nodes. */
static uint64_t fell(struct gilloc_bench_ledger *ledger, struct node *node)
{
  uint64_t count = 1;
  if (node->children) {
    count += fell(ledger, node->children[1]) + fell(ledger, node->children[2]);
    gilloc_bench_give(ledger, node->children, sizeof(uint64_t));
  }
  gilloc_bench_give(ledger, node, sizeof(uint64_t));
  return count;
}

static void grow_and_fell(struct gilloc_bench_ledger *ledger, unsigned depth)
{
  uint64_t nodes = fell(ledger, grow(ledger, depth));
  ledger->damaged += nodes != (UINT64_C(2) << depth) - 1;
}

static void forest(struct gilloc_bench_lane *lane)
{
  struct node *tall = grow(&lane->ledger, DEEPEST);
  for (unsigned depth = SHALLOWEST; depth <= DEEPEST; depth += 2) {
    uint64_t trees = (uint64_t)TREES << (DEEPEST - depth);
    for (uint64_t left = gilloc_bench_scaled(lane->task, trees / lane->task->threads); left > 0; left--)
      grow_and_fell(&lane->ledger, depth);
  }
  (void)fell(&lane->ledger, tall);
}

void gilloc_bench_trees(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total)
{
  struct gilloc_bench_crew crew = {.count = task->threads, .body = forest};
  gilloc_bench_crew_run(&crew, task, total);
}
