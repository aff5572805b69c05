/* expect: ^gilloc: broken invariant: gilloc_rank_held */
/* SPDX-License-Identifier: MIT */
/* flavours: gil */
/* presets: debug asan tsan */
/* The GIL is outermost: nobody waits for it while holding a guard. */
#include "guard.h"

int main(void)
{
  gilloc_rank_push(GILLOC_RANK_GROUND);
  gilloc_gil_acquire();
  return 0;
}
