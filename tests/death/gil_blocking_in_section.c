/* expect: ^gilloc: gilloc_blocking_enter: inside a critical section */
/* SPDX-License-Identifier: MIT */
/* flavours: gil */
#include <gilloc/gil.h>
#include <gilloc/sync.h>

int main(void)
{
  static struct gilloc_mutex mutex;
  struct gilloc_critical_section section;
  gilloc_thread_attach();
  gilloc_critical_section_enter(&section, &mutex);
  gilloc_blocking_enter();
  return 0;
}
