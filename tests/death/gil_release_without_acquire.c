/* expect: ^gilloc: gilloc_gil_release: no gilloc_gil_acquire is open */
/* SPDX-License-Identifier: MIT */
/* flavours: gil */
#include <gilloc/gil.h>

int main(void)
{
  gilloc_gil_release();
  return 0;
}
