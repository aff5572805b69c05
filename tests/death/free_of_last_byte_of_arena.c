/* expect: ^gilloc: .*free.*0x[0-9a-f]+ */
/* flavours: none gil fine-slow */
/* SPDX-License-Identifier: MIT
 *
 * free_of_last_byte_of_arena.c: an address so near the end of an arena that no free block fits behind it:
 * what a look at it as at a block would find lies beyond the mapping.
 */
#include "geometry.h"

#include <gilloc/gilloc.h>

enum { COUNT = GILLOC_ARENA_SIZE / GILLOC_BLOCK_MAX };

int main(void)
{
  char *last = NULL;
  for (unsigned i = 0; i < COUNT; i++) {
    char *block = gilloc_malloc(GILLOC_BLOCK_MAX);
    last = block > last ? block : last;
  }
  gilloc_free(last + GILLOC_BLOCK_MAX - 1);
  return 0;
}
