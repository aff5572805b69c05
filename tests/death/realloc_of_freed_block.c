/* expect: ^gilloc: .*realloc.*0x[0-9a-f]+ */
/* flavours: all */
/* SPDX-License-Identifier: MIT
 *
 * realloc_of_freed_block.c: realloc of a block that is free.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  void *neighbour = gilloc_malloc(64);
  void *block = gilloc_malloc(64);
  gilloc_free(block);
  gilloc_free(gilloc_realloc(block, 100));
  gilloc_free(neighbour);
  return 0;
}
