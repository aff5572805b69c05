/* expect: ^gilloc: .*thread */
/* flavours: none none-py39 */
/* SPDX-License-Identifier: MIT
 *
 * none_used_from_two_threads.c: the flavour for one thread used by a second one; debug builds check.
 */
/* presets: debug asan tsan */
#include <gilloc/gilloc.h>
#include <pthread.h>

static void *allocate(void *unused)
{
  (void)unused;
  return gilloc_malloc(64);
}

int main(void)
{
  pthread_t thread;
  gilloc_free(gilloc_malloc(64));
  pthread_create(&thread, NULL, allocate, NULL);
  pthread_join(thread, NULL);
  return 0;
}
