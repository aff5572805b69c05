/* expect: ^gilloc: .*free.*0x[0-9a-f]+ */
/* flavours: none gil fine */
/* SPDX-License-Identifier: MIT
 *
 * free_of_mmap_address.c: a mapping of somebody else, which faults when it is touched.
 */
#include <gilloc/gilloc.h>
#include <sys/mman.h>

int main(void)
{
  gilloc_free(mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  return 0;
}
