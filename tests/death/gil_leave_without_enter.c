/* expect: ^gilloc: gilloc_blocking_leave: not in a blocking region */
/* SPDX-License-Identifier: MIT */
/* flavours: gil */
#include <gilloc/gil.h>

int main(void)
{
  gilloc_thread_attach();
  gilloc_blocking_leave();
  return 0;
}
