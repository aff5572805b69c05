/* expect: gilloc: free_sized of 0x[0-9a-f]+ with size 200: its block has 112 bytes */
/* SPDX-License-Identifier: MIT */
/* presets: debug asan tsan */
#include <gilloc/gilloc.h>

int main(void)
{
  gilloc_free_sized(gilloc_malloc(100), 200);
  return 0;
}
