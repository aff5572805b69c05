/* expect: ^gilloc: .*double.*free.*0x[0-9a-f]+ */
/* flavours: gil gil-py39 gil-py311 fine* */
/* SPDX-License-Identifier: MIT
 *
 * double_free_of_a_block_back_in_its_pool_taken.c: as double_free_of_a_block_back_in_its_pool, but the process
 * goes on allocating: told before the block has two owners.
 */
#include <gilloc/gilloc.h>
#include <pthread.h>
#include <unistd.h>

enum { FEW = 4, MANY = 3000 };

static void *blocks[FEW], *taken[MANY];

static void *free_few(void *unused)
{
  (void)unused;
  for (unsigned i = 0; i < FEW; i++)
    gilloc_free(blocks[i]);
  return NULL;
}

int main(void)
{
  pthread_t thread;
  void *first = gilloc_malloc(64); /* so that this thread has a cache */
  for (unsigned i = 0; i < FEW; i++)
    blocks[i] = gilloc_malloc(64);
  gilloc_free(first);
  pthread_create(&thread, NULL, free_few, NULL);
  pthread_join(thread, NULL);
  gilloc_free(blocks[1]);
  unsigned owners = 0;
  for (unsigned i = 0; i < MANY; i++) {
    taken[i] = gilloc_malloc(64);
    owners += taken[i] == blocks[1];
  }
  _exit(owners > 1);
}
