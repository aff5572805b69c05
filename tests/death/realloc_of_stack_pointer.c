/* expect: ^gilloc: .*realloc.*0x[0-9a-f]+ */
/* flavours: none gil fine */
/* SPDX-License-Identifier: MIT
 *
 * realloc_of_stack_pointer.c: realloc of an address on the stack.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  _Alignas(16) char on_stack[64] = {0};
  gilloc_free(gilloc_realloc(on_stack, 100));
  return 0;
}
