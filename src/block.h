/* SPDX-License-Identifier: MIT
 *
 * block.h: what a free block holds, in its second word where it has one: a key that says where it is free.
 *
 *   in its pool:     | next | key = secret ^ address | stale contents ...
 *   in a magazine:   | ...  | key = address          | stale contents ...      (thread caches, depot)
 *   live:            | the caller's ...            (the key's word is cleared when the block is handed out)
 *
 * A block that carries its pool's key at free(3) is free already: a live block carries that word with
 * probability 2^-64. A magazine's key is taken off as the block leaves; a block that is in magazines twice
 * has lost it when it is about to be handed out for the second time.
 */
#ifndef GILLOC_BLOCK_H
#define GILLOC_BLOCK_H

#include "geometry.h"

struct gilloc_block {
  struct gilloc_block *next;
  uintptr_t key; /* absent in 8-byte blocks (`classic`) */
};

/* Panics: a free block has lost its key, so it was freed twice or written to. */
_Noreturn void gilloc_block_spoiled(const struct gilloc_block *block);

/* Never zero; chosen before the first block is made, which may be long before the library's constructors. */
extern GILLOC_HIDDEN uintptr_t gilloc_block_secret;
void gilloc_block_choose_secret(void);

static GILLOC_ALWAYS_INLINE bool gilloc_block_has_key(size_t block_bytes)
{
  return GILLOC_ALIGNMENT >= 16 || block_bytes >= sizeof(struct gilloc_block);
}

static GILLOC_ALWAYS_INLINE bool gilloc_block_is_free(const struct gilloc_block *block)
{
  return block->key == (gilloc_block_secret ^ (uintptr_t)block);
}

static GILLOC_ALWAYS_INLINE void gilloc_block_mark_free(struct gilloc_block *block)
{
  block->key = gilloc_block_secret ^ (uintptr_t)block;
}

static GILLOC_ALWAYS_INLINE void gilloc_block_mark_live(struct gilloc_block *block)
{
  block->key = 0;
}

static GILLOC_ALWAYS_INLINE void gilloc_block_mark_cached(struct gilloc_block *block)
{
  block->key = (uintptr_t)block;
}

static GILLOC_ALWAYS_INLINE bool gilloc_block_is_cached(const struct gilloc_block *block)
{
  return block->key == (uintptr_t)block;
}

/* Takes a magazine's key off; false where it was not there. One instruction that tests and clears. */
static GILLOC_ALWAYS_INLINE bool gilloc_block_unmark_cached(struct gilloc_block *block)
{
  block->key -= (uintptr_t)block;
  return block->key == 0;
}

#endif
