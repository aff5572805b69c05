/* SPDX-License-Identifier: MIT
 *
 * pair_malloc_free.c N: warms the cache up, then allocates and frees 64 bytes N times. count_instructions.sh
 * counts what a pair costs from two runs.
 */
#include <gilloc/gilloc.h>
#include <stdlib.h>

enum { SIZE = 64, WARM_UP = 1000, UNROLLED = 8 };

static inline void pair(void)
{
  void *block = gilloc_malloc(SIZE);
  __asm__ volatile("" : "+r"(block)::"memory");
  gilloc_free(block);
}

/* Unrolled, so that the loop itself hardly counts. */
static void pairs(unsigned long count)
{
  for (unsigned long i = 0; i < count; i += UNROLLED) {
    pair();
    pair();
    pair();
    pair();
    pair();
    pair();
    pair();
    pair();
  }
}

int main(int argc, char **argv)
{
  pairs(WARM_UP);
  pairs(argc > 1 ? strtoul(argv[1], NULL, 10) : 0);
  return 0;
}
