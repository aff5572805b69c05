/* expect: ^gilloc: .*free.*0x[0-9a-f]+ */
/* flavours: none-classic none-py39 none-py311 gil-py311 */
/* SPDX-License-Identifier: MIT
 *
 * free_of_pool_header.c: a pool's first byte, where its header is.
 */
#include "geometry.h"

#include <gilloc/gilloc.h>

int main(void)
{
  char *block = gilloc_malloc(64);
  gilloc_free((char *)((uintptr_t)block & ~(uintptr_t)(GILLOC_POOL_SIZE - 1)));
  return 0;
}
