/* expect: ^gilloc: gilloc_thread_attach: this thread is attached already */
/* SPDX-License-Identifier: MIT */
/* flavours: gil */
#include <gilloc/gil.h>

int main(void)
{
  gilloc_thread_attach();
  gilloc_thread_attach();
  return 0;
}
