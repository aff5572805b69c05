/* expect: ^gilloc: gilloc_critical_section_enter: the mutex at 0x[0-9a-f]+ is that of an outer section */
/* SPDX-License-Identifier: MIT */
/* flavours: none gil */
/* presets: debug asan tsan */
/* What would be a deadlock under `fine` is found by the debug builds of the others too. */
#include <gilloc/gil.h>
#include <gilloc/sync.h>

int main(void)
{
  static struct gilloc_mutex mutex;
  struct gilloc_critical_section outer, inner;
  gilloc_thread_attach();
  gilloc_critical_section_enter(&outer, &mutex);
  gilloc_critical_section_enter(&inner, &mutex);
  return 0;
}
