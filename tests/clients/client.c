/* SPDX-License-Identifier: MIT
 *
 * client.c: what somebody else's program does with an installed gilloc. Prints the flavour it runs on.
 */
#include <gilloc/gil.h>
#include <gilloc/gilloc.h>
#include <gilloc/sync.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
  gilloc_thread_attach();
  char *text = gilloc_malloc(6);
  if (text == NULL)
    return 1;
  memcpy(text, "hello", 6);
  struct gilloc_mutex mutex = {0};
  struct gilloc_critical_section section;
  gilloc_critical_section_enter(&section, &mutex);
  text = gilloc_realloc(text, 100000);
  gilloc_critical_section_leave(&section);
  gilloc_checkpoint();
  int ok = text != NULL && strcmp(text, "hello") == 0 && gilloc_usable_size(text) >= 100000;
  gilloc_free(text);
  gilloc_thread_detach();
  printf("%s %s\n", gilloc_flavour().strategy, gilloc_version());
  return ok ? 0 : 1;
}
