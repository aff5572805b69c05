/* SPDX-License-Identifier: MIT
 *
 * block.h: what a free block holds: a link in its first word and, where it has a second word, a key that
 * says "free". The key is a secret of the process mixed with the block's address, so a block that carries
 * its own key at free(3) is free already (a live block carries it with probability 2^-64).
 *
 *   free:  | next | key = secret ^ address | stale contents ...
 *   live:  | the caller's ...            (the key's word is cleared when the block is handed out)
 */
#ifndef GILLOC_BLOCK_H
#define GILLOC_BLOCK_H

#include "geometry.h"

struct gilloc_block {
  struct gilloc_block *next;
  uintptr_t key; /* absent in 8-byte blocks (`classic`) */
};

/* Never zero; set once by the library's constructor, before the process has a second thread. */
extern GILLOC_HIDDEN uintptr_t gilloc_block_secret;

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

#endif
