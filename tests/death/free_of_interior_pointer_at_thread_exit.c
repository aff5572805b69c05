/* expect: ^gilloc: .*free.*0x[0-9a-f]+ */
/* flavours: fine fine-mcs fine-py311 */
/* SPDX-License-Identifier: MIT
 *
 * free_of_interior_pointer_at_thread_exit.c: an address within a block: found at the latest when the
 * thread ends and its cache goes back to the centre.
 */
#include <gilloc/gilloc.h>
#include <pthread.h>

static void *free_inside(void *block)
{
  gilloc_free((char *)block + 16);
  return NULL;
}

int main(void)
{
  pthread_t thread;
  pthread_create(&thread, NULL, free_inside, gilloc_malloc(64));
  pthread_join(thread, NULL);
  return 0;
}
