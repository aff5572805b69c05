/* SPDX-License-Identifier: MIT
 *
 * replay_script.c: see replay_script.h.
 */
#include "replay_script.h"

#include "digest.h"
#include "trace_checker.h"
#include "trace_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint32_t NONE = UINT32_MAX;

/* A live block, by its slot in the checker. */
struct owner {
  uint32_t slot; /* in the script; NONE where no block lives */
  uint32_t step; /* the last on it */
  uint16_t lane; /* whose step that is */
};

/* Slots that a lane may use again. */
struct stack {
  uint32_t *slots;
  uint32_t count;
  uint32_t capacity;
};

struct loader {
  struct gilloc_replay_script *script;
  struct gilloc_trace_error *error;
  struct gilloc_trace_reader reader;
  struct gilloc_trace_checker checker;
  struct owner *owners;
  size_t owner_count;
  struct stack *spare;                           /* one a lane */
  uint16_t thread_numbers[GILLOC_TRACE_THREADS]; /* 1 for the first thread to appear, ...; 0: not yet */
};

static bool out_of_memory(struct loader *loader)
{
  (void)snprintf(loader->error->text, sizeof loader->error->text, "out of memory");
  return false;
}

/* Room for one more at the end of an array; NULL without memory. The array is as it was then. */
static void *grow(void *array, size_t count, uint32_t *capacity, size_t size)
{
  if (count < *capacity)
    return array;
  uint32_t wanted = *capacity < 64 ? 64 : *capacity * 2;
  void *grown = reallocarray(array, wanted, size);
  if (grown)
    *capacity = wanted;
  return grown;
}

static bool append(struct loader *loader, unsigned lane, struct gilloc_replay_step step)
{
  struct gilloc_replay_part *part = &loader->script->parts[lane];
  void *steps = grow(part->steps, part->count, &part->capacity, sizeof *part->steps);
  if (!steps)
    return out_of_memory(loader);
  part->steps = steps;
  part->steps[part->count++] = step;
  return true;
}

static uint32_t take_slot(struct loader *loader, unsigned lane)
{
  struct stack *spare = &loader->spare[lane];
  return spare->count > 0 ? spare->slots[--spare->count] : loader->script->slots++;
}

static bool put_slot(struct loader *loader, unsigned lane, uint32_t slot)
{
  struct stack *spare = &loader->spare[lane];
  void *slots = grow(spare->slots, spare->count, &spare->capacity, sizeof *spare->slots);
  if (!slots)
    return out_of_memory(loader);
  spare->slots = slots;
  spare->slots[spare->count++] = slot;
  return true;
}

/* The owner behind a slot of the checker; NULL without memory. */
static struct owner *owner_of(struct loader *loader, uint32_t slot)
{
  if (slot >= loader->owner_count) {
    size_t wanted = loader->checker.capacity > slot ? loader->checker.capacity : (size_t)slot + 1;
    struct owner *owners = reallocarray(loader->owners, wanted, sizeof *owners);
    if (!owners)
      return NULL;
    for (size_t i = loader->owner_count; i < wanted; i++)
      owners[i].slot = NONE;
    loader->owners = owners;
    loader->owner_count = wanted;
  }
  return &loader->owners[slot];
}

/* One step of a lane on the owner's block. */
static bool deal(struct loader *loader, unsigned lane, struct owner *owner, struct gilloc_replay_step step)
{
  bool is_new = gilloc_trace_allocates(step.kind);
  if (is_new)
    owner->slot = take_slot(loader, lane);
  step.slot = owner->slot;
  step.after_lane = GILLOC_REPLAY_NO_LANE;
  if (!is_new && owner->lane != lane) {
    step.after_lane = owner->lane;
    step.after_step = owner->step;
    loader->script->parts[owner->lane].steps[owner->step].awaited = true;
  }
  owner->lane = (uint16_t)lane;
  owner->step = loader->script->parts[lane].count;
  if (!append(loader, lane, step))
    return false;
  if (step.kind != GILLOC_TRACE_FREE)
    return true;
  owner->slot = NONE;
  return put_slot(loader, lane, step.slot);
}

static unsigned thread_index(struct loader *loader, uint32_t thread)
{
  uint16_t *number = &loader->thread_numbers[thread];
  if (*number == 0)
    *number = (uint16_t)++loader->script->threads;
  return *number - 1U;
}

static void count(struct loader *loader, const struct gilloc_trace_op *op, unsigned thread)
{
  uint64_t digest = loader->script->digest;
  digest = gilloc_digest_fold(digest, (uint64_t)op->kind << 32 | thread);
  digest = gilloc_digest_fold(digest, op->id);
  loader->script->digest = gilloc_digest_fold(digest, op->count * op->size);
  loader->script->operations++;
}

static bool take_operation(struct loader *loader, const struct gilloc_trace_op *op)
{
  uint32_t slot;
  if (!gilloc_trace_check(&loader->checker, op, &slot)) {
    *loader->error = loader->checker.error;
    return false;
  }
  if (op->kind == GILLOC_TRACE_STATISTICS)
    return true;
  if (loader->script->operations == GILLOC_REPLAY_SCRIPT_MAX)
    return gilloc_trace_error_set(loader->error, op->place, "found operation %u, expected at most %u of them",
                                  GILLOC_REPLAY_SCRIPT_MAX + 1U, GILLOC_REPLAY_SCRIPT_MAX + 0U);
  unsigned thread = thread_index(loader, op->thread);
  count(loader, op, thread);
  if (op->kind == GILLOC_TRACE_FREE)
    gilloc_trace_checker_put_slot(&loader->checker, slot);
  if (loader->script->lanes == 0)
    return true;
  struct owner *owner = owner_of(loader, slot);
  if (!owner)
    return out_of_memory(loader);
  struct gilloc_replay_step step = {.bytes = op->count * op->size, .kind = (uint8_t)op->kind};
  return deal(loader, thread % loader->script->lanes, owner, step);
}

static bool take_all(struct loader *loader)
{
  struct gilloc_trace_op op;
  enum gilloc_trace_result result;
  while ((result = gilloc_trace_read(&loader->reader, &op)) == GILLOC_TRACE_OP)
    if (!take_operation(loader, &op))
      return false;
  if (result == GILLOC_TRACE_BAD) {
    *loader->error = loader->reader.error;
    return false;
  }
  if (loader->script->operations == 0) {
    (void)snprintf(loader->error->text, sizeof loader->error->text,
                   "found no operation, expected at least one");
    return false;
  }
  return true;
}

static bool free_what_lives(struct loader *loader)
{
  for (size_t i = 0; i < loader->owner_count; i++) {
    struct owner *owner = &loader->owners[i];
    if (owner->slot != NONE &&
        !deal(loader, owner->lane, owner, (struct gilloc_replay_step){.kind = GILLOC_TRACE_FREE}))
      return false;
  }
  return true;
}

static bool load(struct loader *loader, const char *path)
{
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    (void)snprintf(loader->error->text, sizeof loader->error->text, "%s", strerror(errno));
    return false;
  }
  gilloc_trace_reader_init(&loader->reader, gilloc_trace_read_file, &file);
  bool good = take_all(loader) && free_what_lives(loader);
  (void)close(file);
  return good;
}

static void loader_free(struct loader *loader, unsigned lanes)
{
  gilloc_trace_checker_fini(&loader->checker);
  for (unsigned i = 0; loader->spare && i < lanes; i++)
    free(loader->spare[i].slots);
  free(loader->spare);
  free(loader->owners);
  free(loader);
}

bool gilloc_replay_script_load(struct gilloc_replay_script *script, const char *path, unsigned lanes,
                               struct gilloc_trace_error *error)
{
  *script = (struct gilloc_replay_script){.lanes = lanes, .digest = GILLOC_DIGEST_START};
  struct loader *loader = calloc(1, sizeof *loader); /* too large for a stack */
  if (!loader) {
    (void)snprintf(error->text, sizeof error->text, "out of memory");
    return false;
  }
  loader->script = script;
  loader->error = error;
  script->parts = calloc(lanes + 1U, sizeof *script->parts);
  loader->spare = calloc(lanes + 1U, sizeof *loader->spare);
  bool good = script->parts && loader->spare ? load(loader, path) : out_of_memory(loader);
  loader_free(loader, lanes);
  if (!good)
    gilloc_replay_script_fini(script);
  return good;
}

void gilloc_replay_script_fini(struct gilloc_replay_script *script)
{
  for (unsigned i = 0; script->parts && i < script->lanes; i++)
    free(script->parts[i].steps);
  free(script->parts);
  script->parts = NULL;
}

bool gilloc_replay_script_is_trace(const char *path)
{
  static const char text[] = "gilloc-trace";
  static const unsigned char binary[] = {0x8e, 'g', 'l', 't'};
  char head[sizeof text - 1];
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t got = file < 0 ? -1 : read(file, head, sizeof head);
  if (file >= 0)
    (void)close(file);
  return (got >= (ssize_t)sizeof binary && memcmp(head, binary, sizeof binary) == 0) ||
         (got == (ssize_t)sizeof head && memcmp(head, text, sizeof head) == 0);
}
