/* expect: ^gilloc: .*free.*0x[0-9a-f]+ */
/* flavours: none* gil* fine-slow */
/* SPDX-License-Identifier: MIT
 *
 * free_of_misaligned_pointer.c: an address one byte into a block.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  char *block = gilloc_malloc(64);
  gilloc_free(block + 1);
  return 0;
}
