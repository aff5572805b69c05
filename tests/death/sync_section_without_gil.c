/* expect: ^gilloc: gilloc_critical_section_enter: the GIL is not held */
/* SPDX-License-Identifier: MIT */
/* flavours: gil */
#include <gilloc/sync.h>

int main(void)
{
  static struct gilloc_mutex mutex;
  struct gilloc_critical_section section;
  gilloc_critical_section_enter(&section, &mutex);
  return 0;
}
