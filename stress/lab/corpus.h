/* SPDX-License-Identifier: MIT
 *
 * corpus.h: the text that the cpu threads index: every file named, and every text file below every
 * folder named, in the order of their names, each file once however many links lead to it, joined by
 * newlines and cut into slices of at most 1 MiB at white space. Read by the main thread before any other
 * exists and only read from then on, so it needs no guard. It is the lab's, not the workload's: it lives
 * in the C library's memory.
 */
#ifndef GILLOC_LAB_CORPUS_H
#define GILLOC_LAB_CORPUS_H

#include <stdbool.h>
#include <stddef.h>

enum { GILLOC_CORPUS_MAX = 64 << 20, GILLOC_SLICE_MAX = 1 << 20 };

struct gilloc_slice {
  const char *text;
  size_t size;
};

struct gilloc_corpus {
  char *text;
  size_t size;
  size_t capacity;
  struct gilloc_slice *slices; /* together: the whole text */
  size_t slice_count;
};

/* Reads `paths`, a list that ends in NULL. False, with one line on stderr, when something cannot be read,
 * there is more than GILLOC_CORPUS_MAX, or nothing at all; then the corpus is empty. In a folder,
 * files that hold a zero byte near their start are taken for binaries and left out, as are devices,
 * sockets and links that lead nowhere. */
bool gilloc_corpus_read(struct gilloc_corpus *corpus, char *const *paths);
void gilloc_corpus_free(struct gilloc_corpus *corpus);

#endif
