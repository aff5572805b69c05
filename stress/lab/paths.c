/* SPDX-License-Identifier: MIT
 *
 * paths.c: finds workers and libraries beside the command.
 */
#include "paths.h"

#include "message.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const worker_directories[] = {"libexec/gilloc", NULL};
static const char *const library_directories[] = {"lib", "lib/" GILLOC_LIBRARY_ARCHITECTURE, "lib64", NULL};

/* Which files of which directories make up a list of names. */
struct family {
  const char *const *directories; /* below the installation's root */
  const char *prefix;
  const char *suffix;
};

static const struct family workers = {worker_directories, "gilloc-worker-", ""};
static const struct family libraries = {library_directories, "libgilloc-", ".so"};
static const struct family replays = {worker_directories, "gilloc-replay-", ""};
static const struct family programs = {worker_directories, "", ""};

/* Stands among the libraries of the flavours and is none. */
static const char recorder[] = "record";

/* The directory above the one the command is in. */
static char *root_directory(void)
{
  char *path = realpath("/proc/self/exe", NULL);
  if (!path)
    gilloc_message_fail(GILLOC_STATUS_FAILED,
                        "cannot find this command's own file through /proc/self/exe: %s", strerror(errno));
  for (int levels = 0; levels < 2; levels++) {
    char *slash = strrchr(path, '/');
    if (slash)
      *slash = '\0';
  }
  return path;
}

/* A name is part of a file name: nothing that could lead to another directory. */
static bool is_plain_name(const char *name)
{
  return *name && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0';
}

static char *find_in(const struct family *family, const char *name)
{
  if (!is_plain_name(name))
    return NULL;
  char *root = root_directory();
  char *found = NULL;
  for (const char *const *directory = family->directories; *directory && !found; directory++) {
    char *path =
        gilloc_message_format("%s/%s/%s%s%s", root, *directory, family->prefix, name, family->suffix);
    if (access(path, R_OK) == 0)
      found = path;
    else
      free(path);
  }
  free(root);
  return found;
}

char *gilloc_paths_worker(const char *row)
{
  return find_in(&workers, strcmp(row, "processes") == 0 ? "none" : row);
}

char *gilloc_paths_library(const char *flavour)
{
  return strcmp(flavour, recorder) == 0 ? NULL : find_in(&libraries, flavour);
}

char *gilloc_paths_replay(const char *flavour)
{
  return find_in(&replays, flavour);
}

char *gilloc_paths_recorder(void)
{
  return find_in(&libraries, recorder);
}

char *gilloc_paths_program(const char *name)
{
  return find_in(&programs, name);
}

struct names {
  char **items;
  size_t count;
};

static void add_name(struct names *names, const char *name, size_t length)
{
  if (length == strlen(recorder) && strncmp(name, recorder, length) == 0)
    return;
  names->items = gilloc_message_need(realloc(names->items, (names->count + 1) * sizeof *names->items));
  names->items[names->count++] = gilloc_message_need(strndup(name, length));
}

/* Adds the names of the family's files in one directory. */
static void collect(struct names *names, const struct family *family, const char *path)
{
  DIR *directory = opendir(path);
  size_t before = strlen(family->prefix);
  size_t after = strlen(family->suffix);
  for (struct dirent *entry; directory && (entry = readdir(directory));) {
    size_t length = strlen(entry->d_name);
    if (length > before + after && strncmp(entry->d_name, family->prefix, before) == 0 &&
        strcmp(entry->d_name + length - after, family->suffix) == 0)
      add_name(names, entry->d_name + before, length - before - after);
  }
  if (directory)
    (void)closedir(directory);
}

static int compare_names(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *join(struct names *names)
{
  qsort(names->items, names->count, sizeof *names->items, compare_names);
  char *text = NULL;
  size_t size = 0;
  FILE *out = gilloc_message_need(open_memstream(&text, &size));
  for (size_t i = 0; i < names->count; i++) {
    bool repeated = i > 0 && strcmp(names->items[i], names->items[i - 1]) == 0;
    if (!repeated)
      (void)fprintf(out, "%s%s", i > 0 ? ", " : "", names->items[i]);
  }
  (void)fclose(out);
  for (size_t i = 0; i < names->count; i++)
    free(names->items[i]);
  free(names->items);
  return gilloc_message_need(text);
}

static char *known(const struct family *family, const char *derived)
{
  struct names names = {NULL, 0};
  char *root = root_directory();
  for (const char *const *directory = family->directories; *directory; directory++) {
    char *path = gilloc_message_format("%s/%s", root, *directory);
    collect(&names, family, path);
    free(path);
  }
  if (names.count == 0) {
    char *nothing = gilloc_message_format("(none found in %s/%s)", root, family->directories[0]);
    free(root);
    return nothing;
  }
  free(root);
  if (derived)
    add_name(&names, derived, strlen(derived));
  return join(&names);
}

char *gilloc_paths_known_rows(void)
{
  char *none = gilloc_paths_worker("none");
  char *list = known(&workers, none ? "processes" : NULL);
  free(none);
  return list;
}

char *gilloc_paths_known_flavours(void)
{
  return known(&libraries, NULL);
}

char *gilloc_paths_known_replays(void)
{
  return known(&replays, NULL);
}
