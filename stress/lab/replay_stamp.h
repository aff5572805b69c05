/* SPDX-License-Identifier: MIT
 *
 * replay_stamp.h: what a replay writes into a block and looks for again: words that follow from the block
 * and their place in it, so that another block's writing, wherever it falls, is seen. Blocks over 1 MiB are
 * written in their first and last 64 KiB only: a trace may ask for more than the machine has.
 */
#ifndef GILLOC_LAB_REPLAY_STAMP_H
#define GILLOC_LAB_REPLAY_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes the stamp of `key` into the block of `size` bytes. */
void gilloc_replay_stamp(void *block, size_t size, uint64_t key);

/* True while the first `kept` bytes of a block that was stamped with `key` and `size` are as they were. */
bool gilloc_replay_stamp_is_whole(const void *block, size_t size, size_t kept, uint64_t key);

/* True if what would be stamped is zero. */
bool gilloc_replay_stamp_is_zero(const void *block, size_t size);

#endif
