/* SPDX-License-Identifier: MIT
 *
 * arena_nodes.h: how many nodes CPython 3.11's map of arenas would have, for its statistics. That map is a
 * radix tree over address >> 20 of 15, 15 and 14 bits; a mid node serves 2^49 bytes of addresses, a bot node
 * 2^34; nodes appear when an arena needs them and stay for ever. An arena that is not a multiple of its size
 * reaches into the entry behind its first. So the state is the set of 2^34-byte spans ever needed.
 * Guarded by its owner, arena.c.
 */
#ifndef GILLOC_ARENA_NODES_H
#define GILLOC_ARENA_NODES_H

#include "base.h"

enum {
  GILLOC_ARENA_NODES_ARENA_BITS = 20,
  GILLOC_ARENA_NODES_SPAN_BITS = 34,
  GILLOC_ARENA_NODES_ADDRESS_BITS = 48, /* below 2^49, so one mid node serves them all */
  GILLOC_ARENA_NODES_SPANS = 1 << (GILLOC_ARENA_NODES_ADDRESS_BITS - GILLOC_ARENA_NODES_SPAN_BITS),
  GILLOC_ARENA_NODES_ROOT_BYTES = 8 << 15,
  GILLOC_ARENA_NODES_MID_BYTES = 8 << 15,
  GILLOC_ARENA_NODES_BOT_BYTES = 8 << 14
};

/* All zero at the start. */
struct gilloc_arena_nodes {
  uint64_t spans[GILLOC_ARENA_NODES_SPANS / 64]; /* a bit a span */
};

/* Adds the spans of an arena of 2^20 bytes at `start`, which is below 2^48. */
void gilloc_arena_nodes_add(struct gilloc_arena_nodes *self, uintptr_t start);

size_t gilloc_arena_nodes_mid(const struct gilloc_arena_nodes *self);
size_t gilloc_arena_nodes_bot(const struct gilloc_arena_nodes *self);

#endif
