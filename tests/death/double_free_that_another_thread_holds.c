/* expect: ^gilloc: .*double.*free.*0x[0-9a-f]+ */
/* flavours: gil* fine* */
/* SPDX-License-Identifier: MIT
 *
 * double_free_that_another_thread_holds.c: a block freed by one thread and then by another while the first
 * still has it in its cache; told at the latest when that thread has ended and so does the process.
 */
#include <gilloc/gilloc.h>
#include <pthread.h>

static pthread_barrier_t both;

static void *free_first(void *block)
{
  gilloc_free(block);
  pthread_barrier_wait(&both);
  pthread_barrier_wait(&both);
  return NULL;
}

int main(void)
{
  pthread_t thread;
  void *first = gilloc_malloc(64); /* so that this thread has a cache */
  void *neighbour = gilloc_malloc(64);
  void *block = gilloc_malloc(64);
  pthread_barrier_init(&both, NULL, 2);
  gilloc_free(first);
  pthread_create(&thread, NULL, free_first, block);
  pthread_barrier_wait(&both);
  gilloc_free(block);
  pthread_barrier_wait(&both);
  pthread_join(thread, NULL);
  gilloc_free(neighbour);
  return 0;
}
