/* expect: ^gilloc: gilloc_blocking_enter: inside a blocking region already */
/* SPDX-License-Identifier: MIT */
/* flavours: gil */
/* Regions do not nest, not even with an acquire between them. */
#include <gilloc/gil.h>

int main(void)
{
  gilloc_thread_attach();
  gilloc_blocking_enter();
  gilloc_gil_acquire();
  gilloc_blocking_enter();
  return 0;
}
