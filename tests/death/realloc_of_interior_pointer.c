/* expect: ^gilloc: .*realloc.*0x[0-9a-f]+ */
/* flavours: none* gil* fine* */
/* SPDX-License-Identifier: MIT
 *
 * realloc_of_interior_pointer.c: realloc of an address within a block.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  char *block = gilloc_malloc(64);
  gilloc_free(gilloc_realloc(block + 16, 100));
  return 0;
}
