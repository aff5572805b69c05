/* expect: ^gilloc: gilloc_critical_section_leave: 0x[0-9a-f]+ is not the innermost open section */
/* SPDX-License-Identifier: MIT */
/* flavours: none gil fine */
/* Sections close in the reverse order of opening. */
#include <gilloc/gil.h>
#include <gilloc/sync.h>

int main(void)
{
  static struct gilloc_mutex first, second;
  struct gilloc_critical_section outer, inner;
  gilloc_thread_attach();
  gilloc_critical_section_enter(&outer, &first);
  gilloc_critical_section_enter(&inner, &second);
  gilloc_critical_section_leave(&outer);
  return 0;
}
