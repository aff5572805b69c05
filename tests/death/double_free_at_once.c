/* expect: ^gilloc: .*double free.*0x[0-9a-f]+ */
/* flavours: all */
/* SPDX-License-Identifier: MIT
 *
 * double_free_at_once.c: a block freed twice in a row; its pool lives on.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  void *neighbour = gilloc_malloc(64);
  void *block = gilloc_malloc(64);
  gilloc_free(block);
  gilloc_free(block);
  gilloc_free(neighbour);
  return 0;
}
