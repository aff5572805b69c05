/* expect: ^gilloc: gilloc_mutex_unlock: the mutex at 0x[0-9a-f]+ is not locked */
/* SPDX-License-Identifier: MIT */
/* flavours: none gil fine */
#include <gilloc/sync.h>

int main(void)
{
  static struct gilloc_mutex mutex;
  gilloc_mutex_lock(&mutex);
  gilloc_mutex_unlock(&mutex);
  gilloc_mutex_unlock(&mutex);
  return 0;
}
