/* SPDX-License-Identifier: MIT
 *
 * arena_nodes.c: sets bits and counts them.
 */
#include "arena_nodes.h"

static void add_span(struct gilloc_arena_nodes *self, uintptr_t address)
{
  uintptr_t span = address >> GILLOC_ARENA_NODES_SPAN_BITS;
  if (span < GILLOC_ARENA_NODES_SPANS)
    self->spans[span / 64] |= (uint64_t)1 << span % 64;
}

void gilloc_arena_nodes_add(struct gilloc_arena_nodes *self, uintptr_t start)
{
  uintptr_t bytes = (uintptr_t)1 << GILLOC_ARENA_NODES_ARENA_BITS;
  add_span(self, start);
  if ((start & (bytes - 1)) != 0)
    add_span(self, start + bytes);
}

size_t gilloc_arena_nodes_bot(const struct gilloc_arena_nodes *self)
{
  size_t nodes = 0;
  for (size_t i = 0; i < GILLOC_ARENA_NODES_SPANS / 64; i++)
    nodes += (size_t)__builtin_popcountll(self->spans[i]);
  return nodes;
}

size_t gilloc_arena_nodes_mid(const struct gilloc_arena_nodes *self)
{
  return gilloc_arena_nodes_bot(self) > 0;
}
