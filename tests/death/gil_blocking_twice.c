/* expect: ^gilloc: gilloc_blocking_enter: inside a blocking region already */
/* SPDX-License-Identifier: MIT */
/* flavours: gil */
#include <gilloc/gil.h>

int main(void)
{
  gilloc_thread_attach();
  gilloc_blocking_enter();
  gilloc_blocking_enter();
  return 0;
}
