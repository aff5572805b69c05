/* expect: ^gilloc: .*free.*0x[0-9a-f]+ */
/* flavours: none gil fine */
/* SPDX-License-Identifier: MIT
 *
 * free_of_static_pointer.c: an address in the data of the program.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  static _Alignas(16) char in_data[64];
  gilloc_free(in_data);
  return 0;
}
