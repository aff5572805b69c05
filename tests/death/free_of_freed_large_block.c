/* expect: ^gilloc: .*free.*0x[0-9a-f]+ */
/* flavours: none gil fine */
/* SPDX-License-Identifier: MIT
 *
 * free_of_freed_large_block.c: a large block freed twice: its address is nobody's.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  void *block = gilloc_malloc(1 << 20);
  gilloc_free(block);
  gilloc_free(block);
  return 0;
}
