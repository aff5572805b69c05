/* expect: ^gilloc: gilloc_blocking_enter: the GIL is not held */
/* SPDX-License-Identifier: MIT */
/* flavours: gil */
#include <gilloc/gil.h>

int main(void)
{
  gilloc_blocking_enter();
  return 0;
}
