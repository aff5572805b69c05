/* SPDX-License-Identifier: MIT
 *
 * indexer.c: see indexer.h. The shared part is made by the first thread that finishes a pass and torn
 * down by the last thread that ends, as it is gilloc's memory and the main thread allocates none.
 */
#include "indexer.h"

#include "digest.h"
#include "reference.h"
#include "word_index.h"

#include <gilloc/gil.h>
#include <gilloc/gilloc.h>
#include <gilloc/sync.h>

#include <stdio.h>
#include <stdlib.h>

enum { WORDS_PER_SIDE_STEP = 512 };

/* Guarded by its mutex, in a critical section. */
struct shared_index {
  alignas(128) struct gilloc_mutex mutex;
  unsigned threads;      /* that have not ended */
  bool begun;            /* `index` is initialised */
  uint64_t expected_sum; /* what the finished passes must have added up to */
  struct gilloc_word_index index;
};

struct gilloc_indexer {
  const struct gilloc_corpus *corpus;
  struct gilloc_word_totals *expected; /* a slice */
  struct shared_index shared;
};

static bool is_word_byte(unsigned char c)
{
  return (unsigned char)((c | 0x20) - 'a') < 26 || (unsigned char)(c - '0') < 10 || c >= 0x80;
}

/* Indexes the slice; false when the lane was stopped on the way. */
static bool index_slice(const struct gilloc_slice *slice, struct gilloc_word_index *index,
                        struct gilloc_lane *lane, const struct gilloc_side_job *side_job)
{
  const char *end = slice->text + slice->size;
  for (const char *at = slice->text; at < end;) {
    while (at < end && !is_word_byte((unsigned char)*at))
      at++;
    const char *start = at;
    while (at < end && is_word_byte((unsigned char)*at))
      at++;
    if (at == start)
      break;
    gilloc_word_index_add(index, start, (size_t)(at - start));
    gilloc_lane_count(lane);
    gilloc_checkpoint();
    if (!gilloc_lane_runs(lane))
      return false;
    if (side_job != NULL && index->words % WORDS_PER_SIDE_STEP == 0)
      side_job->step(side_job->of);
  }
  return true;
}

static bool rank_and_compare(const struct gilloc_word_index *index, const struct gilloc_word_totals *expected)
{
  struct gilloc_word **ranked = gilloc_word_index_rank(index);
  uint64_t digest = GILLOC_DIGEST_START;
  for (size_t i = 0; i < index->distinct; i++)
    digest = gilloc_digest_fold(gilloc_digest_fold(digest, ranked[i]->digest), ranked[i]->count);
  gilloc_free(ranked);
  return index->words == expected->words && index->distinct == expected->distinct &&
         digest == expected->ranked;
}

static void share(struct shared_index *shared, const struct gilloc_word_index *index, uint64_t expected_sum)
{
  struct gilloc_critical_section section;
  gilloc_critical_section_enter(&section, &shared->mutex);
  if (!shared->begun) {
    gilloc_word_index_init(&shared->index);
    shared->begun = true;
  }
  gilloc_word_index_merge(&shared->index, index);
  shared->expected_sum += expected_sum;
  gilloc_critical_section_leave(&section);
}

/* The thread ends. The last one verifies the shared index and tears it down; false if it was wrong. */
static bool leave(struct shared_index *shared)
{
  bool right = true;
  struct gilloc_critical_section section;
  gilloc_critical_section_enter(&section, &shared->mutex);
  shared->threads--;
  if (shared->threads == 0 && shared->begun) {
    right = gilloc_word_index_sum(&shared->index) == shared->expected_sum;
    gilloc_word_index_fini(&shared->index);
  }
  gilloc_critical_section_leave(&section);
  return right;
}

void gilloc_indexer_run(struct gilloc_indexer *indexer, struct gilloc_lane *lane,
                        const struct gilloc_side_job *side_job)
{
  for (size_t pass = lane->index; gilloc_lane_runs(lane); pass++) {
    size_t number = pass % indexer->corpus->slice_count;
    const struct gilloc_word_totals *expected = &indexer->expected[number];
    struct gilloc_word_index index;
    gilloc_word_index_init(&index);
    if (index_slice(&indexer->corpus->slices[number], &index, lane, side_job)) {
      if (!rank_and_compare(&index, expected))
        lane->wrong = true;
      share(&indexer->shared, &index, expected->sum);
    }
    gilloc_word_index_fini(&index);
  }
  if (!leave(&indexer->shared))
    lane->wrong = true;
}

struct gilloc_indexer *gilloc_indexer_open(const struct gilloc_setup *setup)
{
  size_t slices = setup->corpus->slice_count;
  struct gilloc_indexer *indexer = aligned_alloc(alignof(struct gilloc_indexer), sizeof *indexer);
  if (indexer == NULL)
    return NULL;
  *indexer = (struct gilloc_indexer){.corpus = setup->corpus};
  indexer->shared.threads = setup->plan->forks ? 1 : setup->plan->lanes;
  indexer->expected = calloc(slices, sizeof *indexer->expected);
  uint64_t words = 0;
  for (size_t i = 0; indexer->expected != NULL && i < slices; i++) {
    if (!gilloc_reference_count(&setup->corpus->slices[i], &indexer->expected[i])) {
      free(indexer->expected);
      indexer->expected = NULL;
      break;
    }
    words += indexer->expected[i].words;
  }
  if (indexer->expected != NULL && words > 0)
    return indexer;
  fprintf(stderr, "gilloc-worker: %s\n",
          indexer->expected == NULL ? "out of memory" : "no word in the input");
  gilloc_indexer_close(indexer);
  return NULL;
}

uint64_t gilloc_indexer_checksum(const struct gilloc_indexer *indexer)
{
  uint64_t digest = GILLOC_DIGEST_START;
  for (size_t i = 0; i < indexer->corpus->slice_count; i++) {
    const struct gilloc_word_totals *expected = &indexer->expected[i];
    digest = gilloc_digest_fold(gilloc_digest_fold(digest, expected->words), expected->ranked);
  }
  return digest;
}

void gilloc_indexer_close(struct gilloc_indexer *indexer)
{
  free(indexer->expected);
  free(indexer);
}
