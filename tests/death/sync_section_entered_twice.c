/* expect: ^gilloc: gilloc_critical_section_enter: the mutex at 0x[0-9a-f]+ is that of an outer section */
/* SPDX-License-Identifier: MIT */
/* flavours: fine */
/* The mutex of an outer section: without the panic the thread would wait for itself. */
#include <gilloc/gil.h>
#include <gilloc/sync.h>

int main(void)
{
  static struct gilloc_mutex first, second;
  struct gilloc_critical_section outer, middle, inner;
  gilloc_thread_attach();
  gilloc_critical_section_enter(&outer, &first);
  gilloc_critical_section_enter(&middle, &second);
  gilloc_critical_section_enter(&inner, &first);
  return 0;
}
