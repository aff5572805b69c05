/* expect: ^gilloc: .*double free.*0x[0-9a-f]+ */
/* flavours: all */
/* SPDX-License-Identifier: MIT
 *
 * double_free_found_at_hand_out.c: the second owner of a block would be given it: no further than that.
 */
#include <gilloc/gilloc.h>
#include <unistd.h>

int main(void)
{
  void *neighbour = gilloc_malloc(64);
  void *block = gilloc_malloc(64);
  gilloc_free(block);
  gilloc_free(block);
  void *one = gilloc_malloc(64), *other = gilloc_malloc(64);
  _exit(one == other || !neighbour);
}
