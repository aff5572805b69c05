/* expect: ^gilloc: .*usable.*0x[0-9a-f]+ */
/* flavours: none gil fine */
/* SPDX-License-Identifier: MIT
 *
 * usable_size_of_stack_pointer.c: the usable size of an address on the stack.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  _Alignas(16) char on_stack[64] = {0};
  return (int)gilloc_usable_size(on_stack);
}
