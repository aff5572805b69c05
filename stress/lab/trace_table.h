/* SPDX-License-Identifier: MIT
 *
 * trace_table.h: a map from 64-bit keys (ids, addresses) to 64-bit values: open addressing, linear
 * probing, at most half full, entries moved back on removal so that no graves are left. It grows with
 * what it holds and never shrinks. One thread.
 */
#ifndef GILLOC_LAB_TRACE_TABLE_H
#define GILLOC_LAB_TRACE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gilloc_trace_entry {
  uint64_t key;
  uint64_t value;
  bool used;
};

struct gilloc_trace_table {
  struct gilloc_trace_entry *entries; /* NULL while nothing was ever put */
  size_t capacity;                    /* a power of two, or 0 */
  size_t count;
};

/* All zero is an empty table too. */
void gilloc_trace_table_fini(struct gilloc_trace_table *table);

/* Empties the table and keeps its memory. */
void gilloc_trace_table_clear(struct gilloc_trace_table *table);

/* The value of `key`, or NULL; valid until the next change. */
uint64_t *gilloc_trace_table_find(const struct gilloc_trace_table *table, uint64_t key);

/* Puts a key that is not there yet; false without memory, and then nothing has changed. */
bool gilloc_trace_table_put(struct gilloc_trace_table *table, uint64_t key, uint64_t value);

/* Removes the key; false if it was not there. */
bool gilloc_trace_table_remove(struct gilloc_trace_table *table, uint64_t key);

#endif
