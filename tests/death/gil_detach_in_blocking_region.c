/* expect: ^gilloc: gilloc_thread_detach: the GIL is not held */
/* SPDX-License-Identifier: MIT */
/* flavours: gil */
#include <gilloc/gil.h>

int main(void)
{
  gilloc_thread_attach();
  gilloc_blocking_enter();
  gilloc_thread_detach();
  return 0;
}
