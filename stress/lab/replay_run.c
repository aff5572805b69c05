/* SPDX-License-Identifier: MIT
 *
 * replay_run.c: see replay_run.h. Written against the public headers, as any application would be: under
 * `gil` the threads attach, pass a checkpoint an operation, and wait in blocking regions.
 */
#include "replay_run.h"

#include "clock.h"
#include "prng.h"
#include "replay_region.h"
#include "replay_stamp.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gilloc/gil.h>
#include <gilloc/gilloc.h>

enum { SPINS = 200 };

/* ---- one thread waits for another's operation ---- */

static void futex(_Atomic uint32_t *word, int operation, uint32_t value)
{
  (void)syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

/* pairs with the exchange in publish */
static bool is_done(struct gilloc_replay_op *op)
{
  return atomic_load_explicit(&op->state, memory_order_acquire) == GILLOC_REPLAY_DONE;
}

static void sleep_on(struct gilloc_replay_op *op)
{
  while (!is_done(op)) {
    uint32_t to_do = GILLOC_REPLAY_TO_DO;
    (void)atomic_compare_exchange_strong(&op->state, &to_do, GILLOC_REPLAY_SLEPT_ON);
    futex(&op->state, FUTEX_WAIT_PRIVATE, GILLOC_REPLAY_SLEPT_ON);
  }
}

static void await(struct gilloc_replay_op *op)
{
  if (is_done(op))
    return;
  gilloc_blocking_enter();
  for (int i = 0; i < SPINS && !is_done(op); i++) {
  }
  sleep_on(op);
  gilloc_blocking_leave();
}

static void publish(struct gilloc_replay_op *op)
{
  uint32_t before = atomic_exchange_explicit(&op->state, GILLOC_REPLAY_DONE, memory_order_acq_rel);
  if (before == GILLOC_REPLAY_SLEPT_ON)
    futex(&op->state, FUTEX_WAKE_PRIVATE, INT_MAX);
}

/* ---- one operation ---- */

static void report_damage(struct gilloc_replay_run *run, const struct gilloc_replay_op *op, const char *what)
{
  if (atomic_exchange_explicit(&run->damaged, 1, memory_order_relaxed) == 0)
    (void)fprintf(stderr, "gilloc: replay: block %" PRIu64 " of %" PRIu64 " bytes %s\n", op->id,
                  run->blocks[op->slot].size, what);
}

static void print_address(const struct gilloc_replay_run *run, const struct gilloc_replay_op *op)
{
  const void *start = run->blocks[op->slot].start;
  size_t offset;
  if (!start)
    (void)fprintf(run->addresses, "%" PRIu64 " fail\n", op->id);
  else if (gilloc_replay_region_offset(start, &offset))
    (void)fprintf(run->addresses, "%" PRIu64 " +%zu\n", op->id, offset);
  else
    (void)fprintf(run->addresses, "%" PRIu64 " raw\n", op->id);
}

static void verify(struct gilloc_replay_run *run, const struct gilloc_replay_op *op, size_t kept)
{
  const struct gilloc_replay_block *block = &run->blocks[op->slot];
  if (block->start && !gilloc_replay_stamp_is_whole(block->start, block->size, kept, block->key))
    report_damage(run, op, "was overwritten while it lived");
}

static void allocate(struct gilloc_replay_run *run, const struct gilloc_replay_op *op)
{
  struct gilloc_replay_block *block = &run->blocks[op->slot];
  bool zeroed = op->kind == GILLOC_TRACE_CALLOC;
  void *start = zeroed ? gilloc_calloc(op->count, op->size) : gilloc_malloc(op->size);
  *block = (struct gilloc_replay_block){start, op->count * op->size, gilloc_prng_mix(op->id)};
  if (!start)
    atomic_fetch_add_explicit(&run->refused, 1, memory_order_relaxed);
  else if (zeroed && !gilloc_replay_stamp_is_zero(start, block->size))
    report_damage(run, op, "came from calloc and was not zero");
}

static void resize(struct gilloc_replay_run *run, const struct gilloc_replay_op *op)
{
  struct gilloc_replay_block *block = &run->blocks[op->slot];
  verify(run, op, block->size);
  void *start = gilloc_realloc(block->start, op->size);
  if (!start) {
    /* The old block lives on under this id; it is the library's to say no, and the trace goes on. */
    atomic_fetch_add_explicit(&run->refused, 1, memory_order_relaxed);
    return;
  }
  bool was_there = block->start != NULL;
  block->start = start;
  if (was_there)
    verify(run, op, block->size < op->size ? block->size : op->size);
  block->size = op->size;
}

static void carry_out(struct gilloc_replay_run *run, struct gilloc_replay_op *op)
{
  struct gilloc_replay_block *block = &run->blocks[op->slot];
  if (op->kind == GILLOC_TRACE_FREE) {
    verify(run, op, block->size);
    gilloc_free(block->start);
    return;
  }
  if (op->kind == GILLOC_TRACE_REALLOC)
    resize(run, op);
  else
    allocate(run, op);
  if (block->start)
    gilloc_replay_stamp(block->start, block->size, block->key);
  if (run->addresses)
    print_address(run, op);
}

/* ---- a batch ---- */

static void run_in_order(struct gilloc_replay_run *run)
{
  for (uint32_t i = 0; i < run->batch->count; i++) {
    carry_out(run, &run->batch->ops[i]);
    gilloc_checkpoint();
  }
}

static void run_thread_part(struct gilloc_replay_run *run, unsigned thread)
{
  struct gilloc_replay_op *ops = run->batch->ops;
  for (uint32_t i = run->batch->first[thread]; i != GILLOC_REPLAY_NONE; i = ops[i].next) {
    if (ops[i].after != GILLOC_REPLAY_NONE)
      await(&ops[ops[i].after]);
    carry_out(run, &ops[i]);
    if (ops[i].awaited)
      publish(&ops[i]);
    gilloc_checkpoint();
  }
}

struct worker {
  struct gilloc_replay_run *run;
  unsigned thread;
};

static void *work(void *argument)
{
  struct worker worker = *(struct worker *)argument;
  free(argument);
  pthread_barrier_wait(&worker.run->begin);
  while (!worker.run->over) {
    gilloc_thread_attach();
    run_thread_part(worker.run, worker.thread);
    gilloc_thread_detach();
    pthread_barrier_wait(&worker.run->end);
    pthread_barrier_wait(&worker.run->begin);
  }
  return NULL;
}

static int start_thread(struct gilloc_replay_run *run, unsigned thread)
{
  struct worker *worker = malloc(sizeof *worker);
  if (!worker)
    return ENOMEM;
  *worker = (struct worker){run, thread};
  return pthread_create(&run->handles[thread], NULL, work, worker);
}

bool gilloc_replay_run_start(struct gilloc_replay_run *run)
{
  if (run->is_sequential)
    return true;
  run->handles = calloc(run->threads, sizeof *run->handles);
  errno = run->handles ? pthread_barrier_init(&run->begin, NULL, run->threads + 1) : ENOMEM;
  if (errno == 0)
    errno = pthread_barrier_init(&run->end, NULL, run->threads + 1);
  for (unsigned i = 0; i < run->threads && errno == 0; i++)
    errno = start_thread(run, i);
  return errno == 0;
}

uint64_t gilloc_replay_run_batch(struct gilloc_replay_run *run)
{
  uint64_t start = gilloc_lab_clock_ns();
  if (run->is_sequential) {
    gilloc_thread_attach();
    run_in_order(run);
    gilloc_thread_detach();
  } else {
    pthread_barrier_wait(&run->begin);
    pthread_barrier_wait(&run->end);
  }
  return gilloc_lab_clock_ns() - start;
}

void gilloc_replay_run_stop(struct gilloc_replay_run *run)
{
  if (run->is_sequential)
    return;
  run->over = true;
  pthread_barrier_wait(&run->begin);
  for (unsigned i = 0; i < run->threads; i++)
    (void)pthread_join(run->handles[i], NULL);
  pthread_barrier_destroy(&run->begin);
  pthread_barrier_destroy(&run->end);
  free(run->handles);
}
