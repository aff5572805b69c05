/* SPDX-License-Identifier: MIT
 *
 * magazine.h: an array of free blocks of one class, filled and emptied at its top (Bonwick and Adams,
 * "Magazines and Vmem", USENIX 2001). It is GILLOC_MAGAZINE_BYTES long and aligned to them, so that one
 * pointer, `top`, says all that a hit needs:
 *
 *   | next top capacity | ... | sentinel | block block block | free slots ... |
 *                              ^ bottom[-1]                    ^ top           ^ end, aligned
 *
 *   full:  top is a multiple of GILLOC_MAGAZINE_BYTES        empty: top[-1] is the sentinel
 *
 * The sentinel is a block of the thread that has the magazine loaded; it never carries a magazine's key, so
 * the test that every block passes on its way out (block.h) is the test for "empty" too. Whoever holds the
 * magazine guards it: its thread, or the depot's guard.
 */
#ifndef GILLOC_MAGAZINE_H
#define GILLOC_MAGAZINE_H

#include "block.h"

enum {
  GILLOC_MAGAZINE_BYTES = 2048,
  GILLOC_MAGAZINE_HEADER_WORDS = 3,
  /* One slot is the sentinel's. */
  GILLOC_MAGAZINE_SLOTS = GILLOC_MAGAZINE_BYTES / 8 - GILLOC_MAGAZINE_HEADER_WORDS - 1
};

struct gilloc_magazine {
  struct gilloc_magazine *next; /* in the depot */
  struct gilloc_block **top;    /* while no thread has it loaded */
  uint32_t capacity;            /* slots between bottom and end */
  uint16_t size_class;
  uint16_t home; /* the depot's shard of the thread that had it last */
  struct gilloc_block *slots[GILLOC_MAGAZINE_SLOTS + 1];
};

_Static_assert(sizeof(void *) != 8 || sizeof(struct gilloc_magazine) == GILLOC_MAGAZINE_BYTES,
               "ends aligned");

static inline struct gilloc_block **gilloc_magazine_end(struct gilloc_magazine *magazine)
{
  return (struct gilloc_block **)(void *)(magazine + 1);
}

static inline struct gilloc_block **gilloc_magazine_bottom(struct gilloc_magazine *magazine)
{
  return gilloc_magazine_end(magazine) - magazine->capacity;
}

/* The magazine that a loaded `top` points into. */
static inline struct gilloc_magazine *gilloc_magazine_of(struct gilloc_block **top)
{
  return (struct gilloc_magazine *)(((uintptr_t)top - 1) & ~(uintptr_t)(GILLOC_MAGAZINE_BYTES - 1));
}

static GILLOC_ALWAYS_INLINE bool gilloc_magazine_is_full(struct gilloc_block *const *top)
{
  return ((uintptr_t)top & (GILLOC_MAGAZINE_BYTES - 1)) == 0;
}

static inline uint32_t gilloc_magazine_count(struct gilloc_magazine *magazine)
{
  return (uint32_t)(magazine->top - gilloc_magazine_bottom(magazine));
}

/* Walks it. */
bool gilloc_magazine_has(struct gilloc_magazine *magazine, const struct gilloc_block *block);

/* Brings a magazine to `capacity` slots where that is more, by moving its bottom down; true where that made
 * room. */
bool gilloc_magazine_widen(struct gilloc_magazine *magazine, uint32_t capacity);

/* Makes an empty magazine one of `capacity` slots. */
static inline void gilloc_magazine_init(struct gilloc_magazine *magazine, unsigned size_class,
                                        uint32_t capacity)
{
  magazine->capacity = capacity;
  magazine->size_class = (uint16_t)size_class;
  magazine->top = gilloc_magazine_bottom(magazine);
}

#endif
