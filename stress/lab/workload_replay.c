/* SPDX-License-Identifier: MIT
 *
 * workload_replay.c: the workload `replay`: a recorded trace, played over and over. The unit is an operation
 * of it. The trace's threads are dealt out to the lanes (replay_script.h); lanes beyond the number of those
 * threads play further copies of the trace, and a lane alone plays all of it. Every block is stamped
 * (replay_stamp.h) and looked at before it is resized or freed.
 *
 *   a lane's `done` = passes * steps of its part + steps done in this pass, whenever somebody waits for it
 *
 * A lane that is stopped leaves at once, in the midst of a pass; the last one of a copy verifies and frees
 * what is still live.
 */
#include "prng.h"
#include "replay_script.h"
#include "replay_stamp.h"
#include "workload.h"

#include <gilloc/gil.h>
#include <gilloc/gilloc.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPINS = 200 };

struct held_block {
  void *start; /* NULL: none */
  uint64_t bytes;
  uint64_t key; /* of its stamp */
};

struct mark {
  alignas(128) _Atomic uint64_t done;
};

/* One playing of the trace by a group of lanes. */
struct copy {
  const struct gilloc_replay_script *script;
  struct held_block *blocks; /* by slot; of the lane whose turn it is */
  struct mark *marks;        /* one a lane */
  pthread_mutex_t mutex;     /* guards `running` and the sleeping of those who wait */
  pthread_cond_t progress;
  _Atomic uint32_t sleepers;
  unsigned running;
};

struct stage {
  struct gilloc_replay_script scripts[2]; /* for a whole copy, and for one with fewer lanes */
  unsigned threads;                       /* lanes of a whole copy */
  unsigned copies;
  struct copy *copy;
};

/* A lane's own. */
struct actor {
  struct gilloc_lane *lane;
  struct copy *copy;
  unsigned number; /* among the lanes of the copy */
  uint64_t pass;
  bool wrong;
};

/* ---- one lane waits for another ---- */

/* pairs with the store in publish; sequentially consistent, see there */
static bool has_come(struct copy *copy, unsigned number, uint64_t place)
{
  return atomic_load(&copy->marks[number].done) >= place;
}

/* Store and load are sequentially consistent, as are the addition and the load of one who goes to sleep:
 * either that one sees the progress, or this one sees a sleeper. */
static void publish(struct actor *self, uint64_t place)
{
  struct copy *copy = self->copy;
  atomic_store(&copy->marks[self->number].done, place);
  if (atomic_load(&copy->sleepers) == 0)
    return;
  pthread_mutex_lock(&copy->mutex);
  pthread_cond_broadcast(&copy->progress);
  pthread_mutex_unlock(&copy->mutex);
}

static void sleep_until(struct actor *self, unsigned number, uint64_t place)
{
  struct copy *copy = self->copy;
  pthread_mutex_lock(&copy->mutex);
  atomic_fetch_add(&copy->sleepers, 1);
  while (!has_come(copy, number, place) && gilloc_lane_runs(self->lane))
    pthread_cond_wait(&copy->progress, &copy->mutex);
  atomic_fetch_sub(&copy->sleepers, 1);
  pthread_mutex_unlock(&copy->mutex);
}

/* False when the lane was stopped before. */
static bool await(struct actor *self, unsigned number, uint64_t place)
{
  if (has_come(self->copy, number, place))
    return true;
  gilloc_blocking_enter();
  for (int i = 0; i < SPINS && !has_come(self->copy, number, place); i++) {
  }
  if (!has_come(self->copy, number, place))
    sleep_until(self, number, place);
  gilloc_blocking_leave();
  return has_come(self->copy, number, place);
}

/* ---- one step ---- */

static void find_wrong(struct actor *self, const struct held_block *block, const char *what)
{
  if (!self->wrong)
    fprintf(stderr, "gilloc-worker: a block of %llu bytes %s\n", (unsigned long long)block->bytes, what);
  self->wrong = true;
}

static void verify(struct actor *self, const struct held_block *block, uint64_t kept)
{
  if (!gilloc_replay_stamp_is_whole(block->start, block->bytes, kept, block->key))
    find_wrong(self, block, "was overwritten while it lived");
}

static void take_block(struct actor *self, struct held_block *block, const struct gilloc_replay_step *step)
{
  bool zeroed = step->kind == GILLOC_TRACE_CALLOC;
  block->start = gilloc_need(zeroed ? gilloc_calloc(1, step->bytes) : gilloc_malloc(step->bytes));
  block->bytes = step->bytes;
  block->key = gilloc_prng_mix(self->pass << 32 ^ step->slot);
  if (zeroed && !gilloc_replay_stamp_is_zero(block->start, block->bytes))
    find_wrong(self, block, "came from calloc and was not zero");
}

static void resize_block(struct actor *self, struct held_block *block, uint64_t bytes)
{
  verify(self, block, block->bytes);
  block->start = gilloc_need(gilloc_realloc(block->start, bytes));
  verify(self, block, block->bytes < bytes ? block->bytes : bytes);
  block->bytes = bytes;
}

static void put_block(struct actor *self, struct held_block *block)
{
  verify(self, block, block->bytes);
  gilloc_free(block->start);
  block->start = NULL;
}

static void play_step(struct actor *self, const struct gilloc_replay_step *step)
{
  struct held_block *block = &self->copy->blocks[step->slot];
  if (step->kind == GILLOC_TRACE_FREE) {
    put_block(self, block);
    return;
  }
  if (step->kind == GILLOC_TRACE_REALLOC)
    resize_block(self, block, step->bytes);
  else
    take_block(self, block, step);
  gilloc_replay_stamp(block->start, block->bytes, block->key);
}

/* ---- a pass, and the end ---- */

static uint32_t steps_of(const struct copy *copy, unsigned number)
{
  return copy->script->parts[number].count;
}

/* False when the lane was stopped. */
static bool play_part(struct actor *self)
{
  const struct gilloc_replay_part *part = &self->copy->script->parts[self->number];
  for (uint32_t i = 0; i < part->count; i++) {
    const struct gilloc_replay_step *step = &part->steps[i];
    if (!gilloc_lane_runs(self->lane))
      return false;
    if (step->after_lane != GILLOC_REPLAY_NO_LANE &&
        !await(self, step->after_lane,
               self->pass * steps_of(self->copy, step->after_lane) + step->after_step + 1))
      return false;
    play_step(self, step);
    if (step->awaited)
      publish(self, self->pass * part->count + i + 1);
    gilloc_lane_count(self->lane);
    gilloc_checkpoint();
  }
  return true;
}

/* A pass begins when every lane has ended the one before. False when the lane was stopped. */
static bool meet(struct actor *self)
{
  self->pass++;
  publish(self, self->pass * steps_of(self->copy, self->number));
  for (unsigned i = 0; i < self->copy->script->lanes; i++)
    if (!await(self, i, self->pass * steps_of(self->copy, i)))
      return false;
  return true;
}

static void leave(struct actor *self)
{
  struct copy *copy = self->copy;
  pthread_mutex_lock(&copy->mutex);
  bool is_last = --copy->running == 0;
  pthread_mutex_unlock(&copy->mutex);
  for (uint32_t i = 0; is_last && i < copy->script->slots; i++)
    if (copy->blocks[i].start)
      put_block(self, &copy->blocks[i]);
}

static void replay_run(void *state, struct gilloc_lane *lane)
{
  struct stage *stage = state;
  unsigned index = stage->copies == 1 ? lane->index % stage->threads : lane->index;
  struct actor actor = {
      .lane = lane, .copy = &stage->copy[index / stage->threads], .number = index % stage->threads};
  while (play_part(&actor) && meet(&actor)) {
  }
  leave(&actor);
  lane->wrong = actor.wrong;
}

/* ---- opening and closing ---- */

static void replay_close(void *state)
{
  struct stage *stage = state;
  for (unsigned i = 0; stage->copy && i < stage->copies; i++) {
    free(stage->copy[i].blocks);
    free(stage->copy[i].marks);
    pthread_mutex_destroy(&stage->copy[i].mutex);
    pthread_cond_destroy(&stage->copy[i].progress);
  }
  free(stage->copy);
  gilloc_replay_script_fini(&stage->scripts[0]);
  gilloc_replay_script_fini(&stage->scripts[1]);
  free(stage);
}

static bool load(struct gilloc_replay_script *script, const char *path, unsigned lanes)
{
  struct gilloc_trace_error error;
  if (gilloc_replay_script_load(script, path, lanes, &error))
    return true;
  fprintf(stderr, "gilloc-worker: --input: '%s': %s\n", path, error.text);
  return false;
}

/* The scripts for `lanes` lanes: whole copies of the trace, and one with the lanes that are left. */
static bool load_scripts(struct stage *stage, const char *path, unsigned lanes)
{
  if (!load(&stage->scripts[0], path, lanes))
    return false;
  stage->threads = stage->scripts[0].threads;
  if (lanes <= stage->threads) {
    stage->threads = lanes;
    stage->copies = 1;
    return true;
  }
  gilloc_replay_script_fini(&stage->scripts[0]);
  stage->copies = (lanes + stage->threads - 1) / stage->threads;
  unsigned left = lanes % stage->threads;
  return load(&stage->scripts[0], path, stage->threads) &&
         (left == 0 || load(&stage->scripts[1], path, left));
}

static bool make_copy(struct copy *copy, const struct gilloc_replay_script *script)
{
  *copy = (struct copy){.script = script,
                        .mutex = PTHREAD_MUTEX_INITIALIZER,
                        .progress = PTHREAD_COND_INITIALIZER,
                        .running = script->lanes};
  copy->blocks = calloc(script->slots, sizeof *copy->blocks);
  copy->marks = aligned_alloc(alignof(struct mark), script->lanes * sizeof *copy->marks);
  if (!copy->blocks || !copy->marks)
    return false;
  /* Written, so that the pages are there before memory is looked at. */
  memset(copy->blocks, 0, script->slots * sizeof *copy->blocks);
  memset(copy->marks, 0, script->lanes * sizeof *copy->marks);
  return true;
}

static bool make_copies(struct stage *stage)
{
  stage->copy = calloc(stage->copies, sizeof *stage->copy);
  bool good = stage->copy != NULL;
  for (unsigned i = 0; good && i < stage->copies; i++) {
    bool is_whole = i + 1 < stage->copies || stage->scripts[1].parts == NULL;
    good = make_copy(&stage->copy[i], &stage->scripts[is_whole ? 0 : 1]);
  }
  if (!good)
    fprintf(stderr, "gilloc-worker: out of memory\n");
  return good;
}

static void *replay_open(const struct gilloc_setup *setup)
{
  struct stage *stage = calloc(1, sizeof *stage);
  unsigned lanes = setup->plan->forks ? 1 : setup->plan->lanes;
  if (!stage) {
    fprintf(stderr, "gilloc-worker: out of memory\n");
    return NULL;
  }
  if (load_scripts(stage, setup->plan->inputs[0], lanes) && make_copies(stage))
    return stage;
  replay_close(stage);
  return NULL;
}

static uint64_t replay_checksum(const void *state)
{
  const struct stage *stage = state;
  return stage->scripts[0].digest;
}

static void replay_wake(void *state)
{
  struct stage *stage = state;
  for (unsigned i = 0; i < stage->copies; i++) {
    pthread_mutex_lock(&stage->copy[i].mutex);
    pthread_cond_broadcast(&stage->copy[i].progress);
    pthread_mutex_unlock(&stage->copy[i].mutex);
  }
}

const struct gilloc_workload gilloc_workload_replay = {
    .name = "replay",
    .unit = "operations",
    .role = GILLOC_ROLE_ALLOC,
    .has_tables = true,
    .open = replay_open,
    .run = replay_run,
    .checksum = replay_checksum,
    .close = replay_close,
    .wake = replay_wake,
};
