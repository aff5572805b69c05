/* expect: ^gilloc: gilloc_mutex_lock: would wait for the mutex at 0x[0-9a-f]+ inside a critical section */
/* SPDX-License-Identifier: MIT */
/* flavours: gil */
/* To wait means to give the GIL up, and that would open the section to others. */
#include <gilloc/gil.h>
#include <gilloc/sync.h>

int main(void)
{
  static struct gilloc_mutex locked, other;
  struct gilloc_critical_section section;
  gilloc_thread_attach();
  gilloc_mutex_lock(&locked);
  gilloc_critical_section_enter(&section, &other);
  gilloc_mutex_lock(&locked);
  return 0;
}
