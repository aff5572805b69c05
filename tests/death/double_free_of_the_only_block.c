/* expect: ^gilloc: .*0x[0-9a-f]+ */
/* flavours: none gil fine* none-py* gil-py* */
/* SPDX-License-Identifier: MIT
 *
 * double_free_of_the_only_block.c: the only block of its pool freed twice: the pool is in no class when it is
 * freed again.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  void *block = gilloc_malloc(64);
  gilloc_free(block);
  gilloc_free(block);
  return 0;
}
