/* SPDX-License-Identifier: MIT
 *
 * conformance.h: what the programs that run on any malloc share. They are not linked with the library;
 * whether it is preloaded they ask the loader.
 */
#ifndef GILLOC_TESTS_CONFORMANCE_H
#define GILLOC_TESTS_CONFORMANCE_H

#include "expect.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* A function of the malloc in use; NULL where it has none of the name. */
static inline void *function_named(const char *name)
{
  return dlsym(RTLD_DEFAULT, name);
}

static inline bool is_ours(void)
{
  return function_named("gilloc_flavour") != NULL;
}

static inline long resident_kib(void)
{
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "re");
  if (!file || fscanf(file, "%*s %ld", &pages) != 1)
    pages = -1;
  if (file)
    fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Allocates `count` blocks, writes all of each, finds what it wrote, frees them. False where anything is
 * wrong; for threads and children, which may not use the test's expectations. */
static inline bool churn(unsigned count, size_t size)
{
  unsigned char *blocks[64];
  bool is_right = true;
  count = count < 64 ? count : 64;
  for (unsigned i = 0; i < count; i++) {
    blocks[i] = malloc(size + i);
    if (blocks[i])
      memset(blocks[i], (int)(i + 1), size + i);
    is_right = is_right && blocks[i];
  }
  for (unsigned i = 0; i < count; i++) {
    is_right = is_right && blocks[i][0] == i + 1 && blocks[i][size + i - 1] == i + 1;
    free(blocks[i]);
  }
  return is_right;
}

/* Churns through small, medium and large sizes. */
static inline bool churn_sizes(void)
{
  return churn(64, 8) && churn(64, 100) && churn(32, 1000) && churn(8, 20000) && churn(2, 300000);
}

/* Runs this very program with one argument; its status as waitpid gives it. */
static inline int run_self(const char *argument)
{
  int status = -1;
  pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "self", argument, (char *)NULL);
    _exit(127);
  }
  if (child > 0)
    waitpid(child, &status, 0);
  return status;
}

#endif
