/* SPDX-License-Identifier: MIT
 *
 * word_index.h: a chained hash table from words to counts. Every word that is met becomes a string of its
 * own, as in an interpreter, and is interned: freed again if the index knows it, kept if it is new. All
 * memory is gilloc's. No guard: an index belongs to one thread, or its user guards it.
 *
 *   words    == sum of the nodes' counts
 *   distinct == number of nodes <= bucket_count
 */
#ifndef GILLOC_LAB_WORD_INDEX_H
#define GILLOC_LAB_WORD_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct gilloc_word {
  struct gilloc_word *next; /* in its bucket */
  char *text;
  uint64_t digest;
  uint64_t count;
};

struct gilloc_word_index {
  struct gilloc_word **buckets;
  size_t bucket_count; /* a power of two */
  size_t distinct;
  uint64_t words;
};

void gilloc_word_index_init(struct gilloc_word_index *index);
void gilloc_word_index_fini(struct gilloc_word_index *index);

/* Counts the `length` bytes at `text`, with ASCII letters in lower case, as one word more. */
void gilloc_word_index_add(struct gilloc_word_index *index, const char *text, size_t length);

/* Adds every count of `from` to `into`. */
void gilloc_word_index_merge(struct gilloc_word_index *into, const struct gilloc_word_index *from);

/* The words by falling count, equal counts by strcmp: an array of `distinct` pointers into the index, for
 * the caller to gilloc_free. Has checkpoints. */
struct gilloc_word **gilloc_word_index_rank(const struct gilloc_word_index *index);

/* Sum of count x digest over all words. */
uint64_t gilloc_word_index_sum(const struct gilloc_word_index *index);

#endif
