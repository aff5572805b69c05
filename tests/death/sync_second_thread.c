/* expect: ^gilloc: a second thread calls the flavour `none` */
/* SPDX-License-Identifier: MIT */
/* flavours: none */
/* presets: debug asan */
/* The flavour `none` serves the first thread that calls it, and no other. */
#include <gilloc/gilloc.h>
#include <pthread.h>

static void *allocate(void *argument)
{
  (void)argument;
  gilloc_free(gilloc_malloc(1));
  return NULL;
}

int main(void)
{
  pthread_t other;
  allocate(NULL);
  if (pthread_create(&other, NULL, allocate, NULL) != 0)
    return 1;
  pthread_join(other, NULL);
  return 0;
}
