/* expect: ^gilloc: .*double free.*0x[0-9a-f]+ */
/* flavours: gil* fine* */
/* SPDX-License-Identifier: MIT
 *
 * double_free_from_another_thread.c: a block freed by one thread and then by another, after the first has
 * ended.
 */
#include <gilloc/gilloc.h>
#include <pthread.h>

static void *free_it(void *block)
{
  gilloc_free(block);
  return NULL;
}

int main(void)
{
  pthread_t thread;
  void *neighbour = gilloc_malloc(64);
  void *block = gilloc_malloc(64);
  pthread_create(&thread, NULL, free_it, block);
  pthread_join(thread, NULL);
  gilloc_free(block);
  gilloc_free(neighbour);
  return 0;
}
