/* SPDX-License-Identifier: MIT
 *
 * tcache_use.h: what the tests of the thread cache share: blocks taken and put as gilloc_malloc and
 * gilloc_free do, and what must hold of a cache at any time.
 */
#ifndef GILLOC_TESTS_TCACHE_USE_H
#define GILLOC_TESTS_TCACHE_USE_H

#include "arena_use.h"
#include "expect.h"
#include "fixture.h"
#include "threads.h"

#include "arena.h"
#include "central.h"
#include "depot.h"
#include "size_class.h"
#include "tcache.h"

enum { CLASS = 3, MANY = 6000 };

static inline void flush_all(void)
{
  gilloc_tcache_flush();
  gilloc_depot_drain_all();
}

static inline void skip_where_nothing_is_cached(void)
{
  if (GILLOC_SLOW_PATHS)
    skip();
}

/* What gilloc_malloc and gilloc_free do to the cache of a thread that has one. */
static inline struct gilloc_block *take(unsigned size_class)
{
  bool is_closed = gilloc_tcache_self.linear_end == 0;
  struct gilloc_block *block = is_closed ? NULL : gilloc_tcache_pop(size_class + 1);
  return block ? block : gilloc_tcache_refill(size_class);
}

static inline void put(unsigned size_class, struct gilloc_block *block)
{
  bool is_closed = gilloc_tcache_self.linear_end == 0;
  if (is_closed || !gilloc_tcache_push(size_class + 1, block))
    gilloc_tcache_put_slow(size_class, block);
}

static inline bool has_key(unsigned size_class)
{
  return gilloc_block_has_key(gilloc_size_class_bytes(size_class));
}

static inline struct gilloc_magazine *loaded(unsigned size_class)
{
  return gilloc_magazine_of(gilloc_tcache_self.tops[size_class + 1]);
}

static inline size_t capacity_bytes(unsigned size_class)
{
  return loaded(size_class)->capacity * gilloc_size_class_bytes(size_class);
}

static inline size_t magazine_bytes_max(unsigned size_class)
{
  bool is_medium = gilloc_size_class_bytes(size_class) > GILLOC_LINEAR_MAX;
  return GILLOC_TCACHE_MAGAZINE_BYTES * (size_t)(is_medium ? GILLOC_TCACHE_MEDIUM_TIMES : 1);
}

/* Every loaded magazine is of its class and within its bounds; the whole cache is within its own. */
static inline void check_magazines(void)
{
  COUNT_UNLESS(gilloc_tcache_bytes() <= GILLOC_TCACHE_BYTES_MAX);
  if (gilloc_tcache_self.linear_end == 0)
    return;
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++) {
    if (gilloc_tcache_self.tops[c + 1] == gilloc_tcache_self.tops[0])
      continue;
    COUNT_UNLESS(loaded(c)->size_class == c);
    COUNT_UNLESS(loaded(c)->capacity <= GILLOC_MAGAZINE_SLOTS);
    COUNT_UNLESS(capacity_bytes(c) <= magazine_bytes_max(c) ||
                 loaded(c)->capacity <= GILLOC_TCACHE_MAGAZINE_BLOCKS);
    COUNT_UNLESS(gilloc_magazine_bottom(loaded(c))[-1] == &gilloc_tcache_self.sentinel);
  }
}

static inline bool nothing_is_in_use(void)
{
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++)
    if (gilloc_central_counts(c).pools != 0)
      return false;
  return arenas_when_purged() <= GILLOC_ARENA_KEEPS_LAST;
}

static inline void take_all(unsigned size_class, struct gilloc_block **blocks, unsigned count)
{
  for (unsigned i = 0; i < count; i++)
    blocks[i] = take(size_class);
}

static inline void put_all(unsigned size_class, struct gilloc_block **blocks, unsigned count)
{
  for (unsigned i = 0; i < count; i++)
    put(size_class, blocks[i]);
}

/* As many blocks as make `bytes`, at most MANY. */
static inline unsigned count_of(unsigned size_class, size_t bytes)
{
  size_t count = bytes / gilloc_size_class_bytes(size_class);
  return count < MANY ? (unsigned)count : MANY;
}

/* Tear-down: no test leaves a block behind. */
static inline int expect_nothing_in_use(void **state)
{
  (void)state;
  flush_all();
  return nothing_is_in_use() ? 0 : -1;
}

#define TCACHE_TEST(f) cmocka_unit_test_setup_teardown(f, threads_begin, expect_nothing_in_use)

#endif
