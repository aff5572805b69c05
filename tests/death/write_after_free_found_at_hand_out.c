/* expect: ^gilloc: .*0x[0-9a-f]+.*write.*after it was freed */
/* flavours: fine fine-mcs fine-classic fine-py311 */
/* SPDX-License-Identifier: MIT
 *
 * write_after_free_found_at_hand_out.c: a block whose second word was written to while it was free.
 */
#include <gilloc/gilloc.h>
#include <string.h>

static void *volatile block;

int main(void)
{
  void *neighbour = gilloc_malloc(64);
  block = gilloc_malloc(64);
  gilloc_free(block);
  memset(block, 0x55, 64);
  block = gilloc_malloc(64);
  gilloc_free(neighbour);
  return 0;
}
