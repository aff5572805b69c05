/* SPDX-License-Identifier: MIT
 *
 * word_index.c: see word_index.h. The table doubles when it holds a node a bucket. Ranking is a merge sort
 * of pointers, because qsort(3) takes its scratch memory from the C library's malloc.
 */
#include "word_index.h"

#include "digest.h"
#include "workload.h"

#include <gilloc/gil.h>
#include <gilloc/gilloc.h>

#include <string.h>

enum { FIRST_BUCKETS = 64 };

void gilloc_word_index_init(struct gilloc_word_index *index)
{
  *index = (struct gilloc_word_index){.bucket_count = FIRST_BUCKETS};
  index->buckets = gilloc_need(gilloc_calloc(FIRST_BUCKETS, sizeof(struct gilloc_word *)));
}

void gilloc_word_index_fini(struct gilloc_word_index *index)
{
  for (size_t i = 0; i < index->bucket_count; i++) {
    for (struct gilloc_word *word = index->buckets[i], *next; word != NULL; word = next) {
      next = word->next;
      gilloc_free(word->text);
      gilloc_free(word);
      gilloc_checkpoint();
    }
  }
  gilloc_free(index->buckets);
}

static struct gilloc_word **bucket_of(const struct gilloc_word_index *index, uint64_t digest)
{
  return &index->buckets[(digest ^ (digest >> 32)) & (index->bucket_count - 1)];
}

static void grow(struct gilloc_word_index *index)
{
  struct gilloc_word_index larger = *index;
  larger.bucket_count = 2 * index->bucket_count;
  larger.buckets = gilloc_need(gilloc_calloc(larger.bucket_count, sizeof(struct gilloc_word *)));
  for (size_t i = 0; i < index->bucket_count; i++) {
    for (struct gilloc_word *word = index->buckets[i], *next; word != NULL; word = next) {
      struct gilloc_word **bucket = bucket_of(&larger, word->digest);
      next = word->next;
      word->next = *bucket;
      *bucket = word;
    }
  }
  gilloc_free(index->buckets);
  *index = larger;
}

static char *new_string(const char *text, size_t length)
{
  char *string = gilloc_need(gilloc_malloc(length + 1));
  for (size_t i = 0; i < length; i++)
    string[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 0x20 : text[i]);
  string[length] = '\0';
  return string;
}

/* The node of `string`, which is now the index's: a new node's text, or freed. */
static struct gilloc_word *intern(struct gilloc_word_index *index, char *string, uint64_t digest)
{
  struct gilloc_word **bucket = bucket_of(index, digest);
  for (struct gilloc_word *word = *bucket; word != NULL; word = word->next) {
    if (word->digest == digest && strcmp(word->text, string) == 0) {
      gilloc_free(string);
      return word;
    }
  }
  if (index->distinct == index->bucket_count) {
    grow(index);
    bucket = bucket_of(index, digest);
  }
  struct gilloc_word *word = gilloc_need(gilloc_malloc(sizeof *word));
  *word = (struct gilloc_word){.next = *bucket, .text = string, .digest = digest};
  *bucket = word;
  index->distinct++;
  return word;
}

void gilloc_word_index_add(struct gilloc_word_index *index, const char *text, size_t length)
{
  char *string = new_string(text, length);
  intern(index, string, gilloc_digest_bytes(string, length))->count++;
  index->words++;
}

void gilloc_word_index_merge(struct gilloc_word_index *into, const struct gilloc_word_index *from)
{
  for (size_t i = 0; i < from->bucket_count; i++) {
    for (const struct gilloc_word *word = from->buckets[i]; word != NULL; word = word->next) {
      char *string = new_string(word->text, strlen(word->text));
      intern(into, string, word->digest)->count += word->count;
    }
  }
  into->words += from->words;
}

uint64_t gilloc_word_index_sum(const struct gilloc_word_index *index)
{
  uint64_t sum = 0;
  for (size_t i = 0; i < index->bucket_count; i++)
    for (const struct gilloc_word *word = index->buckets[i]; word != NULL; word = word->next)
      sum += word->count * word->digest;
  return sum;
}

static bool ranks_before(const struct gilloc_word *a, const struct gilloc_word *b)
{
  if (a->count != b->count)
    return a->count > b->count;
  return strcmp(a->text, b->text) < 0;
}

/* Merges from[start .. middle) and from[middle .. end) to the same places of `to`. */
static void merge_runs(struct gilloc_word **from, struct gilloc_word **to, const size_t bounds[3])
{
  size_t left = bounds[0];
  size_t right = bounds[1];
  for (size_t i = bounds[0]; i < bounds[2]; i++) {
    bool take_left = right == bounds[2] || (left < bounds[1] && ranks_before(from[left], from[right]));
    to[i] = take_left ? from[left++] : from[right++];
    gilloc_checkpoint();
  }
}

struct gilloc_word **gilloc_word_index_rank(const struct gilloc_word_index *index)
{
  size_t count = index->distinct;
  struct gilloc_word **from = gilloc_need(gilloc_reallocarray(NULL, count, sizeof(struct gilloc_word *)));
  struct gilloc_word **to = gilloc_need(gilloc_reallocarray(NULL, count, sizeof(struct gilloc_word *)));
  size_t filled = 0;
  for (size_t i = 0; i < index->bucket_count; i++)
    for (struct gilloc_word *word = index->buckets[i]; word != NULL; word = word->next)
      from[filled++] = word;
  for (size_t width = 1; width < count; width *= 2) {
    for (size_t start = 0; start < count; start += 2 * width) {
      size_t middle = start + width < count ? start + width : count;
      size_t end = middle + width < count ? middle + width : count;
      merge_runs(from, to, (const size_t[]){start, middle, end});
    }
    struct gilloc_word **swap = from;
    from = to;
    to = swap;
  }
  gilloc_free(to);
  return from;
}
