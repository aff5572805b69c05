/* SPDX-License-Identifier: MIT
 *
 * depot_use.h: magazines for tests of the depot, filled by the centre, and what every such test ends with.
 */
#ifndef GILLOC_TESTS_DEPOT_USE_H
#define GILLOC_TESTS_DEPOT_USE_H

#include "arena_use.h"
#include "expect.h"
#include "threads.h"

#include "arena.h"
#include "central.h"
#include "depot.h"
#include "size_class.h"

#include <string.h>

enum { CAPACITY = 20 };

/* A magazine of `count` blocks from the centre, fewer where it has no more. */
static inline struct gilloc_magazine *make(unsigned size_class, unsigned count)
{
  struct gilloc_magazine *magazine = gilloc_depot_new_magazine();
  struct gilloc_block *blocks[GILLOC_MAGAZINE_SLOTS];
  gilloc_magazine_init(magazine, size_class, count > CAPACITY ? count : CAPACITY);
  while (gilloc_magazine_count(magazine) < count) {
    unsigned want = count - gilloc_magazine_count(magazine);
    unsigned taken =
        gilloc_central_take_blocks(size_class, (struct gilloc_central_order){want, 0}, blocks + want);
    if (taken == 0)
      break;
    memcpy(magazine->top, blocks + want - taken, taken * sizeof(*blocks));
    magazine->top += taken;
  }
  return magazine;
}

static inline void discard(struct gilloc_magazine *magazine)
{
  if (!magazine)
    return;
  gilloc_depot_drain(magazine);
  gilloc_depot_free_magazine(magazine);
}

static inline void put(struct gilloc_magazine *magazine)
{
  discard(gilloc_depot_put(magazine->size_class, magazine));
}

static inline struct gilloc_magazine *take(unsigned size_class)
{
  struct gilloc_magazine *empty = make(size_class, 0);
  struct gilloc_magazine *magazine = gilloc_depot_take(size_class, empty);
  if (!magazine)
    gilloc_depot_free_magazine(empty);
  return magazine;
}

static inline bool centres_are_empty(void)
{
  for (unsigned c = 0; c < GILLOC_CLASS_COUNT; c++)
    if (gilloc_central_counts(c).pools != 0)
      return false;
  return arenas_when_purged() <= GILLOC_ARENA_KEEPS_LAST;
}

static inline int drain_all(void **state)
{
  (void)state;
  gilloc_depot_drain_all();
  return gilloc_depot_bytes() == 0 && centres_are_empty() ? 0 : -1;
}

#define DEPOT_TEST(f) cmocka_unit_test_setup_teardown(f, threads_begin, drain_all)

#endif
