/* SPDX-License-Identifier: MIT
 *
 * reference.h: what the index of a slice of text must come to, computed once by plain means (a lower-case
 * copy, qsort, counting of runs) that share no code with the index itself.
 *
 * A word is a longest run of ASCII letters and digits and of bytes above 127, its ASCII letters made lower
 * case. Rank: the most frequent first, equal counts by strcmp.
 */
#ifndef GILLOC_LAB_REFERENCE_H
#define GILLOC_LAB_REFERENCE_H

#include "corpus.h"

#include <stdint.h>

struct gilloc_word_totals {
  uint64_t words;
  uint64_t distinct;
  uint64_t ranked; /* fold over the ranked list: digest of the word, then its count */
  uint64_t sum;    /* sum of count x digest of the word: adds up when indexes are merged */
};

/* False when out of memory. */
bool gilloc_reference_count(const struct gilloc_slice *slice, struct gilloc_word_totals *totals);

#endif
