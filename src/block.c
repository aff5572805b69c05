/* SPDX-License-Identifier: MIT
 *
 * block.c: the secret behind the "free" key.
 */
#include "block.h"

#include "platform.h"

/* The value until the constructor has run; any constant that is no address will do. */
uintptr_t gilloc_block_secret = (uintptr_t)0xa076bd6f5c1e93b5U;

__attribute__((constructor(101))) static void choose_secret(void)
{
  gilloc_block_secret = (uintptr_t)gilloc_random_u64() | (uintptr_t)1 << 63;
}
