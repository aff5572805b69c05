/* expect: ^gilloc: .*free.*0x[0-9a-f]+ */
/* flavours: none gil */
/* SPDX-License-Identifier: MIT
 *
 * free_of_block_of_a_released_arena.c: a block of an arena that went back to the OS.
 */
#include "geometry.h"

#include <gilloc/gilloc.h>

enum { COUNT = 4 * GILLOC_ARENA_SIZE / GILLOC_BLOCK_MAX };

int main(void)
{
  static char *blocks[COUNT];
  for (unsigned i = 0; i < COUNT; i++)
    blocks[i] = gilloc_malloc(GILLOC_BLOCK_MAX);
  for (unsigned i = 0; i < COUNT; i++)
    gilloc_free(blocks[i]);
  gilloc_free(blocks[COUNT - 1]); /* of an arena that was emptied after another, which was kept */
  return 0;
}
