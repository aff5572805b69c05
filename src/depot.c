/* SPDX-License-Identifier: MIT
 *
 * depot.c: one guard, one stack of magazines and one of empty ones for each class; records of all magazines
 * under a guard of their own.
 */
#include "depot.h"

#include "central.h"
#include "guard.h"
#include "metadata.h"
#include "size_class.h"

#include <stdatomic.h>
#include <string.h>

struct depot {
  _Alignas(GILLOC_CACHE_LINE) struct gilloc_guard guard;
  struct gilloc_magazine *stock;   /* with blocks, put last first */
  struct gilloc_magazine *empties; /* without */
  _Atomic uint32_t blocks;         /* in the stock; written under the guard, read without to see "none" */
  uint32_t low;                    /* the fewest since the last trim */
  uint32_t used_now;    /* ~(the fewest that a take at home left in this period) or, without one, 0 ... */
  uint32_t used_before; /* ... and in the one before */
  uint32_t exchanges;   /* in this period */
  struct gilloc_guard_node fork_node;
};

enum { COUNT = GILLOC_DEPOT_SHARDS * GILLOC_CLASS_COUNT };

/* Shard by shard. No two guards are held together, but across fork(2). */
#define DEPOT(shard, size_class)                                                                             \
  {.guard = {.rank = GILLOC_RANK_IF_CHECKED(GILLOC_RANK_DEPOT + (shard)*GILLOC_CLASS_COUNT + (size_class))}},
#define DEPOT_0(size_class, size) DEPOT(0, size_class)
#define DEPOT_1(size_class, size) DEPOT(1, size_class)
#define DEPOT_2(size_class, size) DEPOT(2, size_class)
#define DEPOT_3(size_class, size) DEPOT(3, size_class)
#define DEPOT_4(size_class, size) DEPOT(4, size_class)
#define DEPOT_5(size_class, size) DEPOT(5, size_class)
#define DEPOT_6(size_class, size) DEPOT(6, size_class)
#define DEPOT_7(size_class, size) DEPOT(7, size_class)
/* clang-format off */
static struct depot depots[COUNT] = {
  GILLOC_CLASS_SIZES(DEPOT_0) GILLOC_CLASS_SIZES(DEPOT_1) GILLOC_CLASS_SIZES(DEPOT_2) GILLOC_CLASS_SIZES(DEPOT_3)
  GILLOC_CLASS_SIZES(DEPOT_4) GILLOC_CLASS_SIZES(DEPOT_5) GILLOC_CLASS_SIZES(DEPOT_6) GILLOC_CLASS_SIZES(DEPOT_7)};
/* clang-format on */

static struct depot *depot_of(unsigned shard, unsigned size_class)
{
  return &depots[shard * GILLOC_CLASS_COUNT + size_class];
}

static size_t block_bytes(const struct depot *self)
{
  return gilloc_size_class_bytes((unsigned)(self - depots) % GILLOC_CLASS_COUNT);
}

/* Bytes of blocks in a shard's stocks: one count for all would be a cache line that every exchange writes. */
static struct {
  _Alignas(2 * GILLOC_CACHE_LINE) _Atomic size_t bytes;
} stocked[GILLOC_DEPOT_SHARDS];
static _Atomic size_t stocked_max = GILLOC_DEPOT_BYTES; /* of all shards */

static _Atomic size_t *stocked_of(const struct depot *self)
{
  return &stocked[(size_t)(self - depots) / GILLOC_CLASS_COUNT].bytes;
}

static struct {
  struct gilloc_guard guard;
  struct gilloc_guard_node fork_node;
  struct gilloc_metadata records;
} magazines = {
    .guard = {.rank = GILLOC_RANK_MAGAZINE},
    .records = {.record_bytes = sizeof(struct gilloc_magazine), .alignment = GILLOC_MAGAZINE_BYTES}};

struct gilloc_magazine *gilloc_depot_new_magazine(void)
{
  struct gilloc_guard_node node;
  bool fresh;
  gilloc_guard_enter(&magazines.guard, &node);
  struct gilloc_magazine *magazine = gilloc_metadata_take(&magazines.records, &fresh);
  gilloc_guard_leave(&magazines.guard, &node);
  return magazine;
}

void gilloc_depot_free_magazine(struct gilloc_magazine *magazine)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&magazines.guard, &node);
  gilloc_metadata_put(&magazines.records, magazine);
  gilloc_guard_leave(&magazines.guard, &node);
}

size_t gilloc_depot_purge_records(void)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&magazines.guard, &node);
  size_t bytes = gilloc_metadata_purge(&magazines.records);
  gilloc_guard_leave(&magazines.guard, &node);
  return bytes;
}

static struct gilloc_magazine *pop(struct gilloc_magazine **stack)
{
  struct gilloc_magazine *magazine = *stack;
  if (magazine)
    *stack = magazine->next;
  return magazine;
}

static void push(struct gilloc_magazine **stack, struct gilloc_magazine *magazine)
{
  magazine->next = *stack;
  *stack = magazine;
}

static uint32_t blocks_in(struct depot *self)
{
  return atomic_load_explicit(&self->blocks, memory_order_relaxed);
}

/* `count` blocks came or, negative, went. */
static void add_blocks(struct depot *self, ptrdiff_t count) GILLOC_REQUIRES(self->guard)
{
  uint32_t blocks = blocks_in(self) + (uint32_t)count;
  atomic_store_explicit(&self->blocks, blocks, memory_order_relaxed);
  atomic_fetch_add_explicit(stocked_of(self), (size_t)count * block_bytes(self), memory_order_relaxed);
  if (blocks < self->low)
    self->low = blocks;
}

/* Bytes of which every shard may have as many, whatever the others hold: they are kept free for it. */
static size_t share_of(size_t max)
{
  return max / (2 * GILLOC_DEPOT_SHARDS);
}

/* What the shards hold, or may come to hold without asking: never more than the bound. */
static size_t claimed(size_t share)
{
  size_t sum = 0;
  for (unsigned shard = 0; shard < GILLOC_DEPOT_SHARDS; shard++) {
    size_t bytes = atomic_load_explicit(&stocked[shard].bytes, memory_order_relaxed);
    sum += bytes > share ? bytes : share;
  }
  return sum;
}

/* The other shards are looked at only where this one has had its share. */
static bool has_room(struct depot *self, size_t count) GILLOC_REQUIRES(self->guard)
{
  size_t bytes = count * block_bytes(self);
  size_t max = atomic_load_explicit(&stocked_max, memory_order_relaxed), share = share_of(max);
  if (blocks_in(self) * block_bytes(self) + bytes > GILLOC_DEPOT_CLASS_BYTES)
    return false;
  size_t here = atomic_load_explicit(stocked_of(self), memory_order_relaxed);
  if (here + bytes <= share)
    return true;
  return here + bytes - (here > share ? here : share) + claimed(share) <= max;
}

void gilloc_depot_set_max(size_t bytes)
{
  atomic_store_explicit(&stocked_max, bytes, memory_order_relaxed);
}

/* ---- exchanges ---- */

/* Exchanges of a magazine of `count`; one that was refused counts for several, or who needs blocks would make
 * too many new ones before it gets those that nobody needs. A period is long enough for all that is in stock
 * to be taken and put again: threads that build something large and tear it down need it all. */
static void note_exchanges(struct depot *self, uint32_t count, unsigned exchanges)
    GILLOC_REQUIRES(self->guard)
{
  self->exchanges += exchanges;
  if (self->exchanges < GILLOC_DEPOT_PERIOD + 2 * (blocks_in(self) / count))
    return;
  self->exchanges = 0;
  self->used_before = self->used_now;
  self->used_now = 0;
}

struct gilloc_magazine *gilloc_depot_put(unsigned size_class, struct gilloc_magazine *magazine)
{
  struct depot *self = depot_of(magazine->home, size_class);
  uint32_t count = gilloc_magazine_count(magazine);
  struct gilloc_magazine *empty = NULL;
  struct gilloc_guard_node node;
  gilloc_guard_enter(&self->guard, &node);
  bool is_kept = has_room(self, count);
  if (GILLOC_LIKELY(is_kept)) {
    push(&self->stock, magazine);
    add_blocks(self, count);
    note_exchanges(self, count, 1);
    empty = pop(&self->empties);
  }
  gilloc_guard_leave(&self->guard, &node);
  if (GILLOC_LIKELY(is_kept))
    return empty;
  gilloc_depot_drain(magazine);
  return magazine;
}

/* Another shard's threads take `count` blocks: what is left is so many fewer. */
static bool spare(struct depot *self, uint32_t count) GILLOC_REQUIRES(self->guard)
{
  if (block_bytes(self) > GILLOC_LINEAR_MAX)
    return true;
  if (~self->used_now < count || ~self->used_before < count)
    return false;
  self->used_now += self->used_now == 0 ? 0 : count;
  self->used_before += self->used_before == 0 ? 0 : count;
  return true;
}

static void take_first(struct depot *self, struct gilloc_magazine *empty) GILLOC_REQUIRES(self->guard)
{
  struct gilloc_magazine *magazine = pop(&self->stock);
  add_blocks(self, -(ptrdiff_t)gilloc_magazine_count(magazine));
  push(&self->empties, empty);
}

static struct gilloc_magazine *take(struct depot *self, struct gilloc_magazine *empty, bool is_home)
{
  struct gilloc_guard_node node;
  if (blocks_in(self) == 0)
    return NULL;
  gilloc_guard_enter(&self->guard, &node);
  struct gilloc_magazine *magazine = self->stock;
  if (GILLOC_LIKELY(magazine)) {
    uint32_t count = gilloc_magazine_count(magazine);
    if (is_home || spare(self, count))
      take_first(self, empty);
    else
      magazine = NULL;
    if (is_home && blocks_in(self) < ~self->used_now)
      self->used_now = ~blocks_in(self);
    note_exchanges(self, count, magazine ? 1 : GILLOC_DEPOT_REFUSED);
  }
  gilloc_guard_leave(&self->guard, &node);
  return magazine;
}

struct gilloc_magazine *gilloc_depot_take(unsigned size_class, struct gilloc_magazine *empty)
{
  unsigned home = empty->home;
  struct gilloc_magazine *magazine = take(depot_of(home, size_class), empty, true);
  for (unsigned i = 1; i < GILLOC_DEPOT_SHARDS && !magazine; i++)
    magazine = take(depot_of((home + i) % GILLOC_DEPOT_SHARDS, size_class), empty, false);
  return magazine;
}

/* ---- giving back ---- */

size_t gilloc_depot_drain(struct gilloc_magazine *magazine)
{
  struct gilloc_block **bottom = gilloc_magazine_bottom(magazine);
  uint32_t count = gilloc_magazine_count(magazine);
  gilloc_central_put_blocks(magazine->size_class, bottom, count);
  magazine->top = bottom;
  return count * gilloc_size_class_bytes(magazine->size_class);
}

void gilloc_depot_narrow(struct gilloc_magazine *magazine, uint32_t capacity)
{
  struct gilloc_block **blocks = gilloc_magazine_bottom(magazine);
  uint32_t count = gilloc_magazine_count(magazine), kept = count < capacity ? count : capacity;
  if (magazine->capacity <= capacity)
    return;
  if (kept < count)
    gilloc_central_put_blocks(magazine->size_class, blocks, count - kept);
  magazine->capacity = capacity;
  magazine->top = gilloc_magazine_bottom(magazine) + kept;
  memmove(gilloc_magazine_bottom(magazine), blocks + (count - kept), kept * sizeof(*blocks));
}

size_t gilloc_depot_drain_list(struct gilloc_magazine *list)
{
  size_t bytes = 0;
  while (list) {
    struct gilloc_magazine *magazine = pop(&list);
    bytes += gilloc_depot_drain(magazine);
    gilloc_depot_free_magazine(magazine);
  }
  return bytes;
}

/* Takes the oldest magazines out of the stock, with `spare` blocks in all at most. */
static struct gilloc_magazine *cut(struct depot *self, size_t spare) GILLOC_REQUIRES(self->guard)
{
  struct gilloc_magazine **link = &self->stock;
  size_t left = blocks_in(self);
  for (; *link && left > spare; link = &(*link)->next)
    left -= gilloc_magazine_count(*link);
  struct gilloc_magazine *oldest = *link;
  *link = NULL;
  add_blocks(self, -(ptrdiff_t)left);
  return oldest;
}

/* Gives the stock, or what of it no take has needed since the last time, to the centre. */
static size_t trim(struct depot *self, bool wholly)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&self->guard, &node);
  struct gilloc_magazine *oldest = cut(self, wholly ? SIZE_MAX : self->low);
  self->low = blocks_in(self);
  struct gilloc_magazine *empties = self->empties;
  self->empties = NULL;
  gilloc_guard_leave(&self->guard, &node);
  return gilloc_depot_drain_list(oldest) + gilloc_depot_drain_list(empties);
}

static size_t trim_all(bool wholly)
{
  size_t bytes = 0;
  for (unsigned i = 0; i < COUNT; i++)
    bytes += trim(&depots[i], wholly);
  return bytes;
}

size_t gilloc_depot_trim(void)
{
  return trim_all(false);
}

size_t gilloc_depot_drain_all(void)
{
  return trim_all(true);
}

static bool has(struct depot *self, const struct gilloc_block *block)
{
  struct gilloc_guard_node node;
  bool found = false;
  gilloc_guard_enter(&self->guard, &node);
  struct gilloc_magazine *magazine = self->stock;
  for (unsigned i = 0; magazine && !found && (GILLOC_DEBUG || i < GILLOC_DEPOT_LOOKED_AT); i++) {
    found = gilloc_magazine_has(magazine, block);
    magazine = magazine->next;
  }
  gilloc_guard_leave(&self->guard, &node);
  return found;
}

bool gilloc_depot_has(unsigned size_class, const struct gilloc_block *block)
{
  bool found = false;
  for (unsigned shard = 0; shard < GILLOC_DEPOT_SHARDS && !found; shard++)
    found = has(depot_of(shard, size_class), block);
  return found;
}

/* Takes the blocks' keys off; a block met again has none left. */
static void unmark(struct gilloc_magazine *magazine)
{
  for (struct gilloc_block **slot = gilloc_magazine_bottom(magazine); slot < magazine->top; slot++)
    if (!gilloc_block_unmark_cached(*slot))
      gilloc_block_spoiled(*slot);
}

static void mark(struct gilloc_magazine *magazine)
{
  for (struct gilloc_block **slot = gilloc_magazine_bottom(magazine); slot < magazine->top; slot++)
    gilloc_block_mark_cached(*slot);
}

/* Both ways over the class's stock, as far as `limit` blocks go; how many it looked at. */
static size_t check(struct depot *self, size_t limit)
{
  struct gilloc_guard_node node;
  size_t count = 0;
  gilloc_guard_enter(&self->guard, &node);
  struct gilloc_magazine *end = self->stock;
  for (; end && count < limit; end = end->next) {
    unmark(end);
    count += gilloc_magazine_count(end);
  }
  for (struct gilloc_magazine *magazine = self->stock; magazine != end; magazine = magazine->next)
    mark(magazine);
  gilloc_guard_leave(&self->guard, &node);
  return count;
}

void gilloc_depot_check(void)
{
  size_t limit = GILLOC_DEPOT_CHECK_BLOCKS;
  for (unsigned i = 0; i < COUNT && limit > 0; i++) {
    if (atomic_load_explicit(stocked_of(&depots[i]), memory_order_relaxed) == 0) /* leave its pages alone */
      continue;
    if (blocks_in(&depots[i]) == 0 || !gilloc_block_has_key(block_bytes(&depots[i])))
      continue;
    size_t count = check(&depots[i], limit);
    limit -= count < limit ? count : limit;
  }
}

size_t gilloc_depot_bytes(void)
{
  size_t bytes = 0;
  for (unsigned shard = 0; shard < GILLOC_DEPOT_SHARDS; shard++)
    bytes += atomic_load_explicit(&stocked[shard].bytes, memory_order_relaxed);
  return bytes;
}

void gilloc_depot_before_fork(void) GILLOC_NOT_ANALYSED
{
  for (unsigned i = COUNT; i-- > 0;)
    gilloc_guard_enter(&depots[i].guard, &depots[i].fork_node);
  gilloc_guard_enter(&magazines.guard, &magazines.fork_node);
}

void gilloc_depot_after_fork(bool in_child) GILLOC_NOT_ANALYSED
{
  gilloc_guard_after_fork(&magazines.guard, &magazines.fork_node, in_child);
  for (unsigned i = 0; i < COUNT; i++)
    gilloc_guard_after_fork(&depots[i].guard, &depots[i].fork_node, in_child);
}
