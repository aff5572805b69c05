/* expect: ^gilloc: gilloc_thread_detach: this thread is not attached */
/* SPDX-License-Identifier: MIT */
/* flavours: gil */
#include <gilloc/gil.h>

int main(void)
{
  gilloc_thread_detach();
  return 0;
}
