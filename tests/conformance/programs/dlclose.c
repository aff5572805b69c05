/* SPDX-License-Identifier: MIT
 *
 * dlclose.c LIBRARY ROUNDS: opens LIBRARY, uses it in threads that end and in the thread that closes it,
 * closes it, and expects neither it nor its memory nor its thread to be left; then threads start and end, and
 * a child is forked. So often that a key of threads' data left behind in each round would be one too many,
 * and what the process maps stays as it was. Before that the same with a block in use, and with threads that
 * outlive the library, in a thread that ends after it: the block can still be read. Last it is closed when
 * the process ends.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 3, BLOCKS = 60, WARM_UP = 20, SLACK_KIB = 512, WALL_BYTES = 1 << 28 };

static struct {
  void *handle;
  void *(*malloc)(size_t);
  void *(*realloc)(void *, size_t);
  size_t (*usable_size)(const void *);
  void (*free)(void *);
} library;

static pthread_barrier_t used, closed;

static void fail(const char *what)
{
  const char *error = dlerror();
  printf("FAILED: %s (%s)\n", what, error ? error : "");
  fflush(stdout);
  _exit(1);
}

static void *symbol(const char *name)
{
  void *found = dlsym(library.handle, name);
  if (!found)
    fail(name);
  return found;
}

static void open_library(const char *path)
{
  library.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library.handle)
    fail(path);
  library.malloc = (void *(*)(size_t))symbol("gilloc_malloc");
  library.realloc = (void *(*)(void *, size_t))symbol("gilloc_realloc");
  library.usable_size = (size_t(*)(const void *))symbol("gilloc_usable_size");
  library.free = (void (*)(void *))symbol("gilloc_free");
}

/* Blocks of all layers: caches, centre, runs of pages. */
static void *use(void *argument)
{
  unsigned char *blocks[BLOCKS];
  for (unsigned i = 0; i < BLOCKS; i++) {
    size_t size = i < 50 ? 1 + 200 * i : (size_t)1 << (i - 35);
    blocks[i] = library.malloc(size);
    if (!blocks[i] || library.usable_size(blocks[i]) < size)
      fail("no memory");
    memset(blocks[i], (int)i, size < 100000 ? size : 100000);
  }
  for (unsigned i = 0; i < BLOCKS; i++) {
    blocks[i] = library.realloc(blocks[i], 2 + 300 * i);
    if (!blocks[i] || blocks[i][0] != i)
      fail("a block changed");
    library.free(blocks[i]);
  }
  return argument;
}

/* A block whose pages move past a mapping that the library has no part in: what it leaves is free and clean.
 */
static void move_block(void)
{
  char *block = library.malloc((size_t)40 << 20);
  strcpy(block, "moved");
  void *wall = mmap(NULL, WALL_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  block = library.realloc(block, (size_t)100 << 20);
  if (!block || strcmp(block, "moved") != 0)
    fail("a block that moves");
  library.free(block);
  munmap(wall, WALL_BYTES);
}

static void *use_and_outlive(void *argument)
{
  use(NULL);
  pthread_barrier_wait(&used);
  pthread_barrier_wait(&closed);
  return argument;
}

static void *do_nothing(void *argument)
{
  return argument;
}

static void in_threads(void *(*body)(void *))
{
  pthread_t threads[THREADS];
  for (unsigned i = 0; i < THREADS; i++)
    if (pthread_create(&threads[i], NULL, body, NULL) != 0)
      fail("pthread_create");
  for (unsigned i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
}

/* ---- what the process has ---- */

static unsigned count_threads(void)
{
  unsigned count = 0;
  DIR *tasks = opendir("/proc/self/task");
  while (tasks && readdir(tasks))
    count++;
  closedir(tasks);
  return count - 2; /* . and .. */
}

static bool maps_name(const char *name)
{
  char line[PATH_MAX + 200];
  bool found = false;
  FILE *file = fopen("/proc/self/maps", "re");
  while (file && fgets(line, sizeof line, file))
    found = found || strstr(line, name);
  fclose(file);
  return found;
}

/* How many more the process could have. */
static unsigned count_keys(void)
{
  pthread_key_t keys[PTHREAD_KEYS_MAX];
  unsigned count = 0, free_keys;
  while (count < PTHREAD_KEYS_MAX && pthread_key_create(&keys[count], NULL) == 0)
    count++;
  free_keys = count;
  while (count > 0)
    pthread_key_delete(keys[--count]);
  return free_keys;
}

struct size {
  long mapped_kib;
  long resident_kib;
};

static struct size process_size(void)
{
  struct size pages = {0, 0};
  FILE *file = fopen("/proc/self/statm", "re");
  if (!file || fscanf(file, "%ld %ld", &pages.mapped_kib, &pages.resident_kib) != 2)
    fail("/proc/self/statm");
  fclose(file);
  long kib = sysconf(_SC_PAGESIZE) / 1024;
  return (struct size){pages.mapped_kib * kib, pages.resident_kib * kib};
}

/* ---- closing ---- */

static void close_library(const char *path)
{
  if (dlclose(library.handle) != 0)
    fail("dlclose");
  if (dlopen(path, RTLD_NOW | RTLD_NOLOAD))
    fail("the library is still loaded");
  if (maps_name(strrchr(path, '/')))
    fail("the library is still mapped");
}

static void fork_child(void)
{
  int status = -1;
  pid_t child = fork();
  if (child == 0)
    _exit(7);
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 7)
    fail("fork");
}

static bool had_thread; /* of the library's own */

static void round_trip(const char *path)
{
  open_library(path);
  in_threads(use);
  use(NULL);
  had_thread = had_thread || count_threads() > 1;
  close_library(path);
  if (count_threads() != 1)
    fail("a thread of the library is still there");
  in_threads(do_nothing);
}

static void expect_flat(struct size before, struct size after)
{
  printf("mapped %+ld KiB, resident %+ld KiB\n", after.mapped_kib - before.mapped_kib,
         after.resident_kib - before.resident_kib);
  if (after.mapped_kib - before.mapped_kib > SLACK_KIB ||
      after.resident_kib - before.resident_kib > SLACK_KIB)
    fail("memory is left behind");
}

static void *close_with_block(void *path)
{
  pthread_t threads[THREADS];
  open_library(path);
  for (unsigned i = 0; i < THREADS; i++)
    if (pthread_create(&threads[i], NULL, use_and_outlive, NULL) != 0)
      fail("pthread_create");
  pthread_barrier_wait(&used);
  use(NULL);
  char *small = strcpy(library.malloc(100), "small"), *large = strcpy(library.malloc(3 << 20), "large");
  close_library(path);
  if (strcmp(small, "small") != 0 || strcmp(large, "large") != 0)
    fail("a block in use has gone");
  memset(small, 1, 100);
  memset(large, 1, 3 << 20);
  pthread_barrier_wait(&closed);
  for (unsigned i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  return NULL;
}

static const char *path_at_exit;

/* Registered before the library's own handlers, so it runs after them. */
static void close_at_exit(void)
{
  if (!path_at_exit)
    return;
  close_library(path_at_exit);
  in_threads(do_nothing);
  puts("done");
}

static void round_trips(const char *path, long rounds)
{
  struct size before = {0, 0};
  unsigned keys = 0;
  for (long i = 0; i < rounds; i++) {
    round_trip(path);
    open_library(path);
    move_block();
    close_library(path);
    if (i % 100 == 0)
      fork_child();
    if (i == WARM_UP) {
      before = process_size();
      keys = count_keys();
    }
  }
  expect_flat(before, process_size());
  if (count_keys() != keys)
    fail("keys are left behind");
  if (!had_thread)
    fail("the library had no thread to be ended");
}

int main(int argc, char **argv)
{
  atexit(close_at_exit);
  pthread_barrier_init(&used, NULL, THREADS + 1);
  pthread_barrier_init(&closed, NULL, THREADS + 1);
  for (unsigned i = 0; i < 10; i++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, close_with_block, argv[1]) != 0 || pthread_join(thread, NULL) != 0)
      fail("pthread_create");
    fork_child();
  }
  round_trips(argv[1], argc == 3 ? strtol(argv[2], NULL, 10) : 0);
  open_library(argv[1]);
  use(NULL);
  path_at_exit = argv[1];
  return 0;
}
