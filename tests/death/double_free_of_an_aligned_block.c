/* expect: ^gilloc: .*double free.*0x[0-9a-f]+ */
/* flavours: none gil fine fine-slow */
/* SPDX-License-Identifier: MIT
 *
 * double_free_of_an_aligned_block.c: a block with an alignment of its own, of a size class.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  void *neighbour = gilloc_aligned_alloc(256, 100);
  void *block = gilloc_aligned_alloc(256, 100);
  gilloc_free(block);
  gilloc_free(block);
  gilloc_free(neighbour);
  return 0;
}
