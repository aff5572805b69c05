/* expect: ^gilloc: .*double free.*0x[0-9a-f]+ */
/* flavours: all */
/* SPDX-License-Identifier: MIT
 *
 * double_free_after_realloc_moved.c: the old address of a block that realloc moved.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  void *neighbour = gilloc_malloc(64);
  void *block = gilloc_malloc(64);
  void *moved = gilloc_realloc(block, 400);
  gilloc_free(block);
  gilloc_free(moved);
  gilloc_free(neighbour);
  return 0;
}
