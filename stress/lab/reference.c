/* SPDX-License-Identifier: MIT
 *
 * reference.c: see reference.h. Slow and obvious on purpose; in the C library's memory, all of which is
 * given back before a run begins.
 */
#include "reference.h"

#include "digest.h"

#include <stdlib.h>
#include <string.h>

struct run {
  const char *word;
  uint64_t count;
};

static int compare_words(const void *left, const void *right)
{
  return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static int compare_runs(const void *left, const void *right)
{
  const struct run *a = left;
  const struct run *b = right;
  if (a->count != b->count)
    return a->count > b->count ? -1 : 1;
  return strcmp(a->word, b->word);
}

/* The slice in lower case, every byte that belongs to no word replaced by zero. */
static char *fold_case(const struct gilloc_slice *slice)
{
  char *text = malloc(slice->size + 1);
  if (text == NULL)
    return NULL;
  for (size_t i = 0; i < slice->size; i++) {
    char c = slice->text[i];
    if (c >= 'A' && c <= 'Z')
      c = (char)(c - 'A' + 'a');
    else if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && (c & 0x80) == 0)
      c = '\0';
    text[i] = c;
  }
  text[slice->size] = '\0';
  return text;
}

static uint64_t find_words(const char *text, size_t size, const char **words)
{
  uint64_t count = 0;
  for (size_t i = 0; i < size; i++)
    if (text[i] != '\0' && (i == 0 || text[i - 1] == '\0'))
      words[count++] = text + i;
  return count;
}

static uint64_t count_runs(const char **words, uint64_t count, struct run *runs)
{
  uint64_t distinct = 0;
  qsort(words, count, sizeof *words, compare_words);
  for (uint64_t i = 0; i < count; i++) {
    if (distinct == 0 || strcmp(runs[distinct - 1].word, words[i]) != 0)
      runs[distinct++] = (struct run){words[i], 0};
    runs[distinct - 1].count++;
  }
  return distinct;
}

static void add_up(struct run *runs, struct gilloc_word_totals *totals)
{
  totals->ranked = GILLOC_DIGEST_START;
  totals->sum = 0;
  qsort(runs, totals->distinct, sizeof *runs, compare_runs);
  for (uint64_t i = 0; i < totals->distinct; i++) {
    uint64_t digest = gilloc_digest_bytes(runs[i].word, strlen(runs[i].word));
    totals->ranked = gilloc_digest_fold(gilloc_digest_fold(totals->ranked, digest), runs[i].count);
    totals->sum += runs[i].count * digest;
  }
}

bool gilloc_reference_count(const struct gilloc_slice *slice, struct gilloc_word_totals *totals)
{
  char *text = fold_case(slice);
  /* Between two words stands at least one other byte. */
  const char **words = malloc((slice->size / 2 + 1) * sizeof *words);
  struct run *runs = malloc((slice->size / 2 + 1) * sizeof *runs);
  bool good = text != NULL && words != NULL && runs != NULL;
  if (good) {
    totals->words = find_words(text, slice->size, words);
    totals->distinct = count_runs(words, totals->words, runs);
    add_up(runs, totals);
  }
  free(text);
  free(words);
  free(runs);
  return good;
}
