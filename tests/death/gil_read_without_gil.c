/* expect: ^gilloc: broken invariant: .*gilloc_gil_held.*(gilloc_read_enter) */
/* SPDX-License-Identifier: MIT */
/* flavours: gil */
/* presets: debug asan tsan */
#include "guard.h"

int main(void)
{
  gilloc_read_enter();
  return 0;
}
