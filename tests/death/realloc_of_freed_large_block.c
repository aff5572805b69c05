/* expect: ^gilloc: .*realloc.*0x[0-9a-f]+ */
/* flavours: none gil fine */
/* SPDX-License-Identifier: MIT
 *
 * realloc_of_freed_large_block.c: realloc of a large block that was given back.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  void *block = gilloc_malloc(1 << 20);
  gilloc_free(block);
  gilloc_free(gilloc_realloc(block, 100));
  return 0;
}
