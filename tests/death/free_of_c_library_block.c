/* expect: ^gilloc: .*free.*0x[0-9a-f]+ */
/* flavours: none gil fine */
/* SPDX-License-Identifier: MIT
 *
 * free_of_c_library_block.c: a block of the C library's malloc.
 */
#include <gilloc/gilloc.h>
#include <stdlib.h>

int main(void)
{
  gilloc_free(malloc(64));
  return 0;
}
