/* expect: ^gilloc: lock law: entering the guard of rank 100 while holding the one of rank 1$ */
/* SPDX-License-Identifier: MIT */
/* flavours: none gil fine */
/* presets: debug asan tsan */
/* The lock law: a guard is entered only while all that are held stand later in order.txt. */
#include "guard.h"

int main(void)
{
  static struct gilloc_guard lower = {.rank = GILLOC_RANK_GROUND}, upper = {.rank = GILLOC_RANK_CENTRAL};
  struct gilloc_guard_node lower_node, upper_node;
  struct gilloc_entry entry = gilloc_entry_enter();
  gilloc_guard_enter(&lower, &lower_node);
  gilloc_guard_enter(&upper, &upper_node);
  gilloc_guard_leave(&upper, &upper_node);
  gilloc_guard_leave(&lower, &lower_node);
  gilloc_entry_leave(entry);
  return 0;
}
