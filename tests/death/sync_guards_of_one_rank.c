/* expect: ^gilloc: lock law: entering the guard of rank 100 while holding the one of rank 100$ */
/* SPDX-License-Identifier: MIT */
/* flavours: none gil fine */
/* presets: debug asan tsan */
/* The lock law: two guards of the same rank have no order, so they are never held together. */
#include "guard.h"

int main(void)
{
  static struct gilloc_guard one = {.rank = GILLOC_RANK_CENTRAL}, other = {.rank = GILLOC_RANK_CENTRAL};
  struct gilloc_guard_node one_node, other_node;
  struct gilloc_entry entry = gilloc_entry_enter();
  gilloc_guard_enter(&one, &one_node);
  gilloc_guard_enter(&other, &other_node);
  gilloc_guard_leave(&other, &other_node);
  gilloc_guard_leave(&one, &one_node);
  gilloc_entry_leave(entry);
  return 0;
}
