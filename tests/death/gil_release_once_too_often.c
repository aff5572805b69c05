/* expect: ^gilloc: gilloc_gil_release: no gilloc_gil_acquire is open */
/* SPDX-License-Identifier: MIT */
/* flavours: gil */
/* What attach took, release may not give away. */
#include <gilloc/gil.h>

int main(void)
{
  gilloc_thread_attach();
  gilloc_gil_acquire();
  gilloc_gil_release();
  gilloc_gil_release();
  return 0;
}
