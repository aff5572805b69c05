/* SPDX-License-Identifier: MIT
 *
 * corpus.c: see corpus.h. The walk is fts(3), following links; files already seen are known by device and
 * inode, which also makes a link and its target one file.
 */
#include "corpus.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_STEP = 1 << 16, BINARY_PROBE = 4096 };

struct seen_file {
  dev_t device;
  ino_t inode;
};

static int compare_seen(const void *left, const void *right)
{
  const struct seen_file *a = left;
  const struct seen_file *b = right;
  if (a->device != b->device)
    return a->device < b->device ? -1 : 1;
  return (a->inode > b->inode) - (a->inode < b->inode);
}

static int compare_names(const FTSENT **left, const FTSENT **right)
{
  return strcmp((*left)->fts_name, (*right)->fts_name);
}

static bool complain(const char *path, const char *what)
{
  fprintf(stderr, "gilloc-worker: --input %s: %s\n", path, what);
  return false;
}

/* True when the file was not seen before. */
static bool note_file(void **seen, const struct stat *status)
{
  struct seen_file *file = malloc(sizeof *file);
  if (file == NULL)
    return true;
  *file = (struct seen_file){status->st_dev, status->st_ino};
  struct seen_file **node = tsearch(file, seen, compare_seen);
  if (node != NULL && *node == file)
    return true;
  free(file);
  return node == NULL;
}

static bool make_room(struct gilloc_corpus *corpus, size_t more)
{
  if (corpus->capacity - corpus->size >= more)
    return true;
  size_t capacity = 2 * corpus->capacity + more;
  char *text = realloc(corpus->text, capacity);
  if (text == NULL)
    return false;
  corpus->text = text;
  corpus->capacity = capacity;
  return true;
}

static bool read_descriptor(struct gilloc_corpus *corpus, int fd, const char *path)
{
  for (;;) {
    if (!make_room(corpus, READ_STEP + 1))
      return complain(path, "out of memory");
    ssize_t got = read(fd, corpus->text + corpus->size, READ_STEP);
    if (got < 0)
      return complain(path, strerror(errno));
    if (got == 0)
      return true;
    corpus->size += (size_t)got;
    if (corpus->size > GILLOC_CORPUS_MAX)
      return complain(path, "more than 64 MiB of text in all; name fewer files");
  }
}

static bool read_file(struct gilloc_corpus *corpus, const FTSENT *entry)
{
  size_t start = corpus->size;
  int fd = open(entry->fts_accpath, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return complain(entry->fts_path, strerror(errno));
  bool good = read_descriptor(corpus, fd, entry->fts_path);
  close(fd);
  if (!good)
    return false;
  size_t probe = corpus->size - start < BINARY_PROBE ? corpus->size - start : BINARY_PROBE;
  if (entry->fts_level > FTS_ROOTLEVEL && memchr(corpus->text + start, '\0', probe) != NULL)
    corpus->size = start;
  else
    corpus->text[corpus->size++] = '\n';
  return true;
}

static bool visit(struct gilloc_corpus *corpus, const FTSENT *entry, void **seen)
{
  bool named = entry->fts_level == FTS_ROOTLEVEL;
  switch (entry->fts_info) {
  case FTS_F:
    return !note_file(seen, entry->fts_statp) || read_file(corpus, entry);
  case FTS_DNR:
  case FTS_ERR:
  case FTS_NS:
    return complain(entry->fts_path, strerror(entry->fts_errno));
  case FTS_SLNONE:
    return !named || complain(entry->fts_path, "a link that leads nowhere");
  case FTS_DEFAULT:
    return !named || complain(entry->fts_path, "neither a file nor a folder");
  default:
    return true;
  }
}

static bool walk(struct gilloc_corpus *corpus, char *const *paths)
{
  FTS *tree = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, compare_names);
  if (tree == NULL)
    return complain(paths[0], strerror(errno));
  void *seen = NULL;
  bool good = true;
  for (FTSENT *entry = fts_read(tree); good && entry != NULL; entry = fts_read(tree))
    good = visit(corpus, entry, &seen);
  fts_close(tree);
  tdestroy(seen, free);
  return good;
}

static size_t slice_end(const struct gilloc_corpus *corpus, size_t start)
{
  if (corpus->size - start <= GILLOC_SLICE_MAX)
    return corpus->size;
  size_t end = start + GILLOC_SLICE_MAX;
  while (end > start && strchr(" \t\r\n", corpus->text[end - 1]) == NULL)
    end--;
  return end == start ? start + GILLOC_SLICE_MAX : end;
}

static bool cut(struct gilloc_corpus *corpus)
{
  /* A slice and the next are together longer than GILLOC_SLICE_MAX. */
  corpus->slices = calloc(2 * (corpus->size / GILLOC_SLICE_MAX) + 1, sizeof *corpus->slices);
  if (corpus->slices == NULL)
    return false;
  for (size_t start = 0; start < corpus->size;) {
    size_t end = slice_end(corpus, start);
    corpus->slices[corpus->slice_count++] = (struct gilloc_slice){corpus->text + start, end - start};
    start = end;
  }
  return true;
}

bool gilloc_corpus_read(struct gilloc_corpus *corpus, char *const *paths)
{
  *corpus = (struct gilloc_corpus){0};
  bool good = walk(corpus, paths);
  if (good && corpus->size == 0)
    good = complain(paths[0], "no text in it");
  if (good && !cut(corpus))
    good = complain(paths[0], "out of memory");
  if (!good)
    gilloc_corpus_free(corpus);
  return good;
}

void gilloc_corpus_free(struct gilloc_corpus *corpus)
{
  free(corpus->text);
  free(corpus->slices);
  *corpus = (struct gilloc_corpus){0};
}
