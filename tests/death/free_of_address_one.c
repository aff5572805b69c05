/* expect: ^gilloc: .*free.*0x[0-9a-f]+ */
/* flavours: none gil fine */
/* SPDX-License-Identifier: MIT
 *
 * free_of_address_one.c: an address in the first page.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  gilloc_free((void *)1);
  return 0;
}
