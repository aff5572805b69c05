/* expect: ^gilloc: .*double free.*0x[0-9a-f]+ */
/* flavours: all */
/* SPDX-License-Identifier: MIT
 *
 * double_free_of_a_16_byte_block.c: a block that has room for the link and the key and nothing else.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  void *neighbour = gilloc_malloc(16);
  void *block = gilloc_malloc(16);
  gilloc_free(block);
  gilloc_free(block);
  gilloc_free(neighbour);
  return 0;
}
