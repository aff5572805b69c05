/* expect: gilloc: gilloc_options_get of 77, which is no option */
/* SPDX-License-Identifier: MIT */
#include <gilloc/options.h>

int main(void)
{
  return (int)gilloc_options_get((enum gilloc_option)77);
}
