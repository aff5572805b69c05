/* expect: ^gilloc: gilloc_critical_section_leave: 0x[0-9a-f]+ is not the innermost open section */
/* SPDX-License-Identifier: MIT */
/* flavours: none gil fine */
#include <gilloc/gil.h>
#include <gilloc/sync.h>

int main(void)
{
  static struct gilloc_mutex mutex;
  struct gilloc_critical_section section;
  gilloc_thread_attach();
  gilloc_critical_section_enter(&section, &mutex);
  gilloc_critical_section_leave(&section);
  gilloc_critical_section_leave(&section);
  return 0;
}
