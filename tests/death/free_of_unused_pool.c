/* expect: ^gilloc: .*free.*0x[0-9a-f]+ */
/* flavours: none* gil* fine fine-slow */
/* SPDX-License-Identifier: MIT
 *
 * free_of_unused_pool.c: an address in an arena, in a pool that no class uses.
 */
#include "geometry.h"

#include <gilloc/gilloc.h>

int main(void)
{
  char *block = gilloc_malloc(64);
  gilloc_free(block + 3 * GILLOC_POOL_SIZE);
  return 0;
}
