/* expect: ^gilloc: .*free.*0x[0-9a-f]+ */
/* flavours: none gil fine fine-slow fine-mcs */
/* SPDX-License-Identifier: MIT
 *
 * free_of_stack_pointer.c: an address on the stack.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  _Alignas(16) char on_stack[64] = {0};
  gilloc_free(on_stack);
  return 0;
}
