/* SPDX-License-Identifier: MIT
 *
 * dlopen.c LIBRARY ORDINARY EATER...: starts 1,000 threads, opens EATERs (libraries with thread-locals in the
 * static block) until one is refused, sees that ORDINARY is refused too, then opens LIBRARY and allocates
 * from all threads, old and new. Closes it while threads that have used it live, and opens it again.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 1000, BLOCKS = 100 };

static void *(*library_malloc)(size_t);
static void (*library_free)(void *);
static pthread_barrier_t opened, used, closed;

static void fail(const char *what)
{
  printf("FAILED: %s: %s\n", what, dlerror());
  exit(1);
}

static void use(void)
{
  unsigned char *blocks[BLOCKS];
  for (unsigned i = 0; i < BLOCKS; i++) {
    blocks[i] = library_malloc(1 + 97 * i);
    if (!blocks[i])
      fail("no memory");
    memset(blocks[i], (int)i, 1 + 97 * i);
  }
  for (unsigned i = 0; i < BLOCKS; i++) {
    if (blocks[i][0] != i || blocks[i][97 * i] != i)
      fail("a block changed");
    library_free(blocks[i]);
  }
}

static void *work(void *argument)
{
  pthread_barrier_wait(&opened);
  use();
  pthread_barrier_wait(&used);
  pthread_barrier_wait(&closed);
  return argument;
}

static void *use_once(void *argument)
{
  use();
  return argument;
}

static void *open_library(const char *path)
{
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    fail(path);
  library_malloc = (void *(*)(size_t))dlsym(library, "gilloc_malloc");
  library_free = (void (*)(void *))dlsym(library, "gilloc_free");
  if (!library_malloc || !library_free)
    fail("gilloc_malloc");
  return library;
}

static void exhaust_static_block(int argc, char **argv)
{
  int i = 3;
  while (i < argc && dlopen(argv[i], RTLD_NOW))
    i++;
  if (i == argc || dlopen(argv[2], RTLD_NOW) || !strstr(dlerror(), "static TLS"))
    fail("the static block is not exhausted");
}

static void start(pthread_t *thread, void *(*body)(void *))
{
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 << 10);
  if (pthread_create(thread, &attributes, body, NULL) != 0)
    fail("pthread_create");
  pthread_attr_destroy(&attributes);
}

int main(int argc, char **argv)
{
  static pthread_t threads[THREADS];
  pthread_t thread;
  pthread_barrier_init(&opened, NULL, THREADS + 1);
  pthread_barrier_init(&used, NULL, THREADS + 1);
  pthread_barrier_init(&closed, NULL, THREADS + 1);
  for (unsigned i = 0; i < THREADS; i++)
    start(&threads[i], work);
  exhaust_static_block(argc, argv);
  void *library = open_library(argv[1]);
  pthread_barrier_wait(&opened);
  use();
  pthread_barrier_wait(&used);
  void *(*before)(size_t) = library_malloc;
  if (dlclose(library) != 0)
    fail("dlclose");
  pthread_barrier_wait(&closed);
  for (unsigned i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  open_library(argv[1]);
  if (library_malloc != before)
    fail("it was unloaded");
  for (unsigned i = 0; i < 100; i++) {
    start(&thread, use_once);
    pthread_join(thread, NULL);
  }
  puts("done");
  return 0;
}
