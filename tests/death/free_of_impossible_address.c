/* expect: ^gilloc: .*free.*0x[0-9a-f]+ */
/* flavours: none gil fine */
/* SPDX-License-Identifier: MIT
 *
 * free_of_impossible_address.c: an address beyond what a process can have.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  gilloc_free((void *)0xfffffffffffffff0U);
  return 0;
}
