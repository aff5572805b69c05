/* SPDX-License-Identifier: MIT
 *
 * workloads.h: every workload of the program; each is described at the head of its file.
 */
#ifndef GILLOC_BENCH_WORKLOADS_H
#define GILLOC_BENCH_WORKLOADS_H

#include "task.h"

/* The word that lets the program end at once. */
#define GILLOC_BENCH_NOTHING "nothing"

typedef void gilloc_bench_run(const struct gilloc_bench_task *task, struct gilloc_bench_ledger *total);

gilloc_bench_run gilloc_bench_alloc_test;
gilloc_bench_run gilloc_bench_cache_scratch;
gilloc_bench_run gilloc_bench_cache_thrash;
gilloc_bench_run gilloc_bench_cfrac;
gilloc_bench_run gilloc_bench_espresso;
gilloc_bench_run gilloc_bench_glibc_simple;
gilloc_bench_run gilloc_bench_glibc_thread;
gilloc_bench_run gilloc_bench_larson;
gilloc_bench_run gilloc_bench_larson_sized;
gilloc_bench_run gilloc_bench_malloc_large;
gilloc_bench_run gilloc_bench_malloc_touch;
gilloc_bench_run gilloc_bench_mleak;
gilloc_bench_run gilloc_bench_mstress;
gilloc_bench_run gilloc_bench_queue_1n;
gilloc_bench_run gilloc_bench_queue_n1;
gilloc_bench_run gilloc_bench_rbstress;
gilloc_bench_run gilloc_bench_ring;
gilloc_bench_run gilloc_bench_rptest;
gilloc_bench_run gilloc_bench_sh6;
gilloc_bench_run gilloc_bench_sh8;
gilloc_bench_run gilloc_bench_startup;
gilloc_bench_run gilloc_bench_trees;
gilloc_bench_run gilloc_bench_xmalloc;

#endif
