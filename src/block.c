/* SPDX-License-Identifier: MIT
 *
 * block.c: the secret behind the "free" key, and what is said where a key is missing.
 */
#include "block.h"

#include "panic.h"
#include "platform.h"

/* The value until the first arena; any constant that is no address will do. */
uintptr_t gilloc_block_secret = (uintptr_t)0xa076bd6f5c1e93b5U;

void gilloc_block_choose_secret(void)
{
  gilloc_block_secret = (uintptr_t)gilloc_random_u64() | (uintptr_t)1 << 63;
}

GILLOC_COLD void gilloc_block_spoiled(const struct gilloc_block *block)
{
  gilloc_panic("double free of %p, or a write to it after it was freed", (const void *)block);
}
