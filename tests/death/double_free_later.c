/* expect: ^gilloc: .*double free.*0x[0-9a-f]+ */
/* flavours: all */
/* SPDX-License-Identifier: MIT
 *
 * double_free_later.c: a block freed again after many others of its class; others of its pool live on.
 */
#include <gilloc/gilloc.h>

int main(void)
{
  void *blocks[500];
  for (unsigned i = 0; i < 500; i++)
    blocks[i] = gilloc_malloc(64);
  for (unsigned i = 0; i < 500; i += 2)
    gilloc_free(blocks[i]);
  gilloc_free(blocks[250]);
  gilloc_free(blocks[1]);
  return 0;
}
