/* SPDX-License-Identifier: MIT
 *
 * pipe_io.c: see pipe_io.h.
 */
#include "pipe_io.h"

#include <errno.h>
#include <unistd.h>

bool gilloc_pipe_read(int fd, void *into, size_t size)
{
  char *at = into;
  while (size > 0) {
    ssize_t got = read(fd, at, size);
    if (got < 0 && errno == EINTR)
      continue;
    if (got == 0)
      errno = 0;
    if (got <= 0)
      return false;
    at += got;
    size -= (size_t)got;
  }
  return true;
}

bool gilloc_pipe_write(int fd, const void *from, size_t size)
{
  const char *at = from;
  while (size > 0) {
    ssize_t put = write(fd, at, size);
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0)
      return false;
    at += put;
    size -= (size_t)put;
  }
  return true;
}
