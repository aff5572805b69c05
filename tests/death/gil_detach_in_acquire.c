/* expect: ^gilloc: gilloc_thread_detach: inside gilloc_gil_acquire */
/* SPDX-License-Identifier: MIT */
/* flavours: gil */
#include <gilloc/gil.h>

int main(void)
{
  gilloc_thread_attach();
  gilloc_gil_acquire();
  gilloc_thread_detach();
  return 0;
}
