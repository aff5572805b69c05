/* expect: ^gilloc: .*free.*0x[0-9a-f]+ */
/* flavours: none gil fine */
/* SPDX-License-Identifier: MIT
 *
 * free_of_interior_of_large_block.c: an address 64 KiB into a large block.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  char *block = gilloc_malloc(1 << 20);
  gilloc_free(block + (1 << 16));
  return 0;
}
