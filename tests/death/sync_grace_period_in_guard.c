/* expect: ^gilloc: broken invariant: gilloc_rank_held */
/* SPDX-License-Identifier: MIT */
/* flavours: fine */
/* presets: debug asan tsan */
#include "guard.h"

int main(void)
{
  static struct gilloc_guard guard = {.rank = GILLOC_RANK_GROUND};
  struct gilloc_guard_node node;
  gilloc_guard_enter(&guard, &node);
  gilloc_read_synchronize();
  gilloc_guard_leave(&guard, &node);
  return 0;
}
