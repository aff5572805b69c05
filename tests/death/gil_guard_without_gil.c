/* expect: ^gilloc: broken invariant: .*gilloc_gil_held.*(gilloc_guard_enter) */
/* SPDX-License-Identifier: MIT */
/* flavours: gil */
/* presets: debug asan tsan */
#include "guard.h"

int main(void)
{
  static struct gilloc_guard guard = {.rank = GILLOC_RANK_GROUND};
  struct gilloc_guard_node node;
  gilloc_guard_enter(&guard, &node);
  gilloc_guard_leave(&guard, &node);
  return 0;
}
