/* expect: ^gilloc: .*usable_size.*0x[0-9a-f]+ */
/* flavours: none* gil* fine* */
/* SPDX-License-Identifier: MIT
 *
 * usable_size_of_interior_pointer.c: the usable size of an address within a block, which the thread's window
 * covers.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  char *block = gilloc_malloc(64);
  gilloc_free(gilloc_malloc(64));
  return gilloc_usable_size(block) >= 64 ? (int)gilloc_usable_size(block + 16) : 0;
}
