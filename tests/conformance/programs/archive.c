/* SPDX-License-Identifier: MIT
 *
 * archive.c: a program that the archive which replaces malloc is linked into, statically or not: allocates
 * before main, by the C library's own functions, in threads and at their ends, in forked children, and when
 * all is over. Blocks of another malloc's would end it: gilloc_usable_size panics. Prints `done`, and from a
 * destructor `over`.
 */
#include <gilloc/gilloc.h>
#include <gilloc/stats.h>

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 6, ROUNDS = 40, SLOTS = 500, CHILDREN = 25, CHILD_SECONDS = 60 };

static char *early, *late;
static atomic_bool is_over;
static atomic_uint ended;
static pthread_key_t key;

static void fail(const char *what)
{
  fprintf(stderr, "FAILED: %s\n", what);
  _exit(1);
}

/* True where the block is ours and has room. */
static void expect_block(void *p, size_t size, size_t alignment, const char *what)
{
  if (!p || gilloc_usable_size(p) < size || ((uintptr_t)p & (alignment - 1)) != 0)
    fail(what);
  memset(p, 0x5a, size);
  free(p);
}

__attribute__((constructor)) static void before_main(void)
{
  early = strdup("early");
}

__attribute__((destructor)) static void after_main(void)
{
  late = realloc(late, 100000);
  strcat(late, " over\n");
  if (write(STDOUT_FILENO, strchr(late, 'o'), 5) != 5)
    fail("write");
  free(late);
}

static void at_exit(void)
{
  late = malloc(100);
  strcpy(late, "it is");
}

static void use_surface(void)
{
  void *p = NULL;
  expect_block(malloc(100), 100, 16, "malloc");
  expect_block(calloc(10, 100), 1000, 16, "calloc");
  expect_block(realloc(malloc(10), 100000), 100000, 16, "realloc");
  expect_block(reallocarray(NULL, 10, 100), 1000, 16, "reallocarray");
  expect_block(aligned_alloc(4096, 8192), 8192, 4096, "aligned_alloc");
  expect_block(memalign(256, 1000), 1000, 256, "memalign");
  expect_block(valloc(100), 100, 4096, "valloc");
  expect_block(pvalloc(100), 4096, 4096, "pvalloc");
  if (posix_memalign(&p, 1 << 16, 100) != 0)
    fail("posix_memalign");
  expect_block(p, 100, 1 << 16, "posix_memalign");
  p = malloc(33);
  if (malloc_usable_size(p) != gilloc_usable_size(p))
    fail("malloc_usable_size");
  free(p);
  if (mallopt(M_MMAP_THRESHOLD, 1 << 20) != 1 || malloc_trim(0) > 1)
    fail("mallopt, malloc_trim");
}

/* The C library's own calls come here too. */
static void use_c_library(void)
{
  char *text = NULL;
  size_t length = 0;
  if (asprintf(&text, "%0300d", 7) != 300)
    fail("asprintf");
  expect_block(text, 300, 16, "asprintf");
  FILE *stream = open_memstream(&text, &length);
  for (int i = 0; i < 5000; i++)
    fprintf(stream, "%d\n", i);
  fclose(stream);
  expect_block(text, length, 16, "open_memstream");
  expect_block(realpath("/proc/self/exe", NULL), 1, 16, "realpath");
}

static void see_figures(void)
{
  struct gilloc_heap_stats stats;
  struct mallinfo2 before = mallinfo2();
  void *volatile p = malloc(5 << 20);
  struct mallinfo2 after = mallinfo2();
  gilloc_heap_stats_read(&stats);
  if (after.hblks != before.hblks + 1 || after.hblks != stats.large_blocks || after.arena == 0)
    fail("mallinfo2 is not ours");
  free(p);
}

static bool churn(unsigned seed)
{
  static _Thread_local unsigned char *blocks[SLOTS];
  bool is_right = true;
  for (unsigned i = 0; i < 20 * SLOTS; i++) {
    seed = seed * 1103515245 + 12345;
    unsigned slot = (seed >> 8) % SLOTS;
    size_t size = 1 + (seed >> 16) % (i % 100 == 0 ? 200000 : 2000);
    if (blocks[slot])
      is_right = is_right && *blocks[slot] == slot % 251;
    blocks[slot] = seed & 64 ? realloc(blocks[slot], size) : (free(blocks[slot]), malloc(size));
    memset(blocks[slot], (int)(slot % 251), size);
  }
  for (unsigned i = 0; i < SLOTS; i++) {
    free(blocks[i]);
    blocks[i] = NULL;
  }
  return is_right;
}

static void thread_ends(void *block)
{
  free(block);
  free(malloc(1000));
  atomic_fetch_add(&ended, 1);
}

static void *work(void *argument)
{
  pthread_setspecific(key, malloc(50));
  for (unsigned i = 0; i < ROUNDS && !atomic_load(&is_over); i++)
    if (!churn((unsigned)(uintptr_t)argument + i))
      fail("a block changed");
  return argument;
}

/* The flavour `none` is for programs without. */
static bool has_threads(void)
{
  return strcmp(gilloc_flavour().strategy, "none") != 0;
}

static void be_child(void)
{
  pthread_t thread;
  alarm(CHILD_SECONDS);
  if (!churn((unsigned)getpid()))
    _exit(1);
  if (!has_threads())
    _exit(0);
  if (pthread_create(&thread, NULL, work, NULL) != 0)
    _exit(1);
  pthread_join(thread, NULL);
  _exit(0);
}

static void fork_often(unsigned children)
{
  for (unsigned i = 0; i < children; i++) {
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
      atomic_store(&is_over, i % 2 == 0);
      be_child();
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
      fail("a child");
  }
}

static void use_threads(void)
{
  pthread_t threads[THREADS];
  pthread_key_create(&key, thread_ends);
  for (uintptr_t i = 0; i < THREADS; i++)
    if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
      fail("pthread_create");
  fork_often(CHILDREN);
  atomic_store(&is_over, true);
  for (unsigned i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  if (atomic_load(&ended) != THREADS)
    fail("ends of threads");
}

int main(void)
{
  if (strcmp(early, "early") != 0)
    fail("what was allocated before main");
  expect_block(early, 6, 16, "a block of before main");
  atexit(at_exit);
  use_surface();
  use_c_library();
  see_figures();
  if (has_threads())
    use_threads();
  else
    fork_often(1);
  printf("done %s\n", gilloc_flavour().strategy);
  fflush(stdout);
  return 0;
}
