/* expect: ^gilloc: .*free.*0x[0-9a-f]+ */
/* flavours: none* gil* fine-slow */
/* SPDX-License-Identifier: MIT
 *
 * free_of_block_never_handed_out.c: the place of a block that the pool has not handed out yet.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  char *block = gilloc_malloc(64);
  gilloc_free(block + 640);
  return 0;
}
