/* expect: ^gilloc: .*double.*free.*0x[0-9a-f]+ */
/* flavours: gil* fine* */
/* SPDX-License-Identifier: MIT
 *
 * double_free_of_a_block_back_in_its_pool.c: a block freed by a thread whose end took it to its pool, where
 * others were freed after it, and then freed again.
 */
#include <gilloc/gilloc.h>
#include <pthread.h>

enum { FEW = 4, NEIGHBOURS = 10 };

static void *blocks[FEW], *volatile neighbours[NEIGHBOURS];

/* So few that they are not worth a place in a depot. */
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
  for (unsigned i = 0; i < NEIGHBOURS; i++) /* for ever, so that the pool stays in use */
    neighbours[i] = gilloc_malloc(64);
  for (unsigned i = 0; i < FEW; i++)
    blocks[i] = gilloc_malloc(64);
  gilloc_free(first);
  pthread_create(&thread, NULL, free_few, NULL);
  pthread_join(thread, NULL);
  gilloc_free(blocks[1]);
  return 0;
}
