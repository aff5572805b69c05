/* SPDX-License-Identifier: MIT
 *
 * target.c: checking and writing a result file.
 */
#include "target.h"

#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opens a new file beside `path`; its name is put into `*name`, which the caller frees. -1 with errno. */
static int open_beside(const char *path, char **name)
{
  const char *slash = strrchr(path, '/');
  size_t directory = slash ? (size_t)(slash - path) + 1 : 0;
  *name = gilloc_message_format("%.*s.gilloc-XXXXXX", (int)directory, path);
  return mkostemp(*name, O_CLOEXEC);
}

/* Where a symbolic link leads, or the path itself: rename would replace the link, not what it means. */
static char *resolve(const char *path)
{
  char *resolved = realpath(path, NULL);
  return resolved ? resolved : gilloc_message_need(strdup(path));
}

static void refuse_place(const char *option, const char *path, const char *why)
{
  gilloc_message_refuse("%s: cannot write '%s': %s; name a file in a folder you may write to", option, path,
                        why);
}

char *gilloc_target_check(const char *option, const char *path)
{
  size_t length = strlen(path);
  if (length == 0 || strcmp(path, "-") == 0 || path[length - 1] == '/')
    gilloc_message_refuse("%s: '%s' is not the name of a file, such as lab.json", option, path);
  char *resolved = resolve(path);
  struct stat status;
  if (stat(resolved, &status) == 0) {
    if (!S_ISREG(status.st_mode))
      refuse_place(option, path, S_ISDIR(status.st_mode) ? "it is a folder" : "it is not an ordinary file");
    if (access(resolved, W_OK) != 0)
      refuse_place(option, path, strerror(errno));
  } else if (errno != ENOENT) {
    refuse_place(option, path, strerror(errno));
  }
  char *name = NULL;
  int file = open_beside(resolved, &name);
  if (file < 0)
    refuse_place(option, path, strerror(errno));
  (void)unlink(name);
  (void)close(file);
  free(name);
  return resolved;
}

static bool write_all(int file, const char *text, size_t length)
{
  while (length > 0) {
    ssize_t written = write(file, text, length);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return false;
    text += written;
    length -= (size_t)written;
  }
  return true;
}

mode_t gilloc_target_mode(const char *path)
{
  struct stat status;
  if (stat(path, &status) == 0)
    return status.st_mode & 0777;
  mode_t mask = umask(0);
  (void)umask(mask);
  return 0666 & ~mask;
}

bool gilloc_target_write(const char *path, const char *text, size_t length)
{
  /* A file size limit (ulimit -f) shall be an error of write(2), not the end with a file half written. */
  (void)signal(SIGXFSZ, SIG_IGN);
  char *name = NULL;
  int file = open_beside(path, &name);
  bool written = file >= 0 && write_all(file, text, length) && fchmod(file, gilloc_target_mode(path)) == 0 &&
                 fsync(file) == 0 && rename(name, path) == 0;
  int error = errno;
  if (file >= 0 && !written)
    (void)unlink(name);
  if (file >= 0)
    (void)close(file);
  free(name);
  errno = error;
  return written;
}
