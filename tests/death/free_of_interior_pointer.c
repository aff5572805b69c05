/* expect: ^gilloc: .*free.*0x[0-9a-f]+ */
/* flavours: none* gil* fine-slow */
/* SPDX-License-Identifier: MIT
 *
 * free_of_interior_pointer.c: an address within a block.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  char *block = gilloc_malloc(64);
  gilloc_free(block + 16);
  return 0;
}
