/* SPDX-License-Identifier: MIT
 *
 * trace_table.c: see trace_table.h.
 */
#include "trace_table.h"

#include "prng.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_MIN = 64 };

static size_t home(const struct gilloc_trace_table *table, uint64_t key)
{
  return (size_t)gilloc_prng_mix(key) & (table->capacity - 1);
}

/* The entry of the key, or the free one where it would be put. */
static size_t locate(const struct gilloc_trace_table *table, uint64_t key)
{
  size_t at = home(table, key);
  while (table->entries[at].used && table->entries[at].key != key)
    at = (at + 1) & (table->capacity - 1);
  return at;
}

static bool grow(struct gilloc_trace_table *table)
{
  size_t capacity = table->capacity ? table->capacity * 2 : CAPACITY_MIN;
  struct gilloc_trace_table larger = {calloc(capacity, sizeof *larger.entries), capacity, table->count};
  if (!larger.entries)
    return false;
  for (size_t i = 0; i < table->capacity; i++) {
    if (table->entries[i].used)
      larger.entries[locate(&larger, table->entries[i].key)] = table->entries[i];
  }
  free(table->entries);
  *table = larger;
  return true;
}

void gilloc_trace_table_fini(struct gilloc_trace_table *table)
{
  free(table->entries);
  *table = (struct gilloc_trace_table){NULL, 0, 0};
}

void gilloc_trace_table_clear(struct gilloc_trace_table *table)
{
  if (table->entries)
    memset(table->entries, 0, table->capacity * sizeof *table->entries);
  table->count = 0;
}

uint64_t *gilloc_trace_table_find(const struct gilloc_trace_table *table, uint64_t key)
{
  if (table->count == 0)
    return NULL;
  struct gilloc_trace_entry *entry = &table->entries[locate(table, key)];
  return entry->used ? &entry->value : NULL;
}

bool gilloc_trace_table_put(struct gilloc_trace_table *table, uint64_t key, uint64_t value)
{
  if (table->count * 2 >= table->capacity && !grow(table))
    return false;
  table->entries[locate(table, key)] = (struct gilloc_trace_entry){key, value, true};
  table->count++;
  return true;
}

bool gilloc_trace_table_remove(struct gilloc_trace_table *table, uint64_t key)
{
  if (!gilloc_trace_table_find(table, key))
    return false;
  size_t mask = table->capacity - 1;
  size_t hole = locate(table, key);
  for (size_t at = (hole + 1) & mask; table->entries[at].used; at = (at + 1) & mask) {
    /* An entry may move back only as far as its home. */
    size_t distance = (at - home(table, table->entries[at].key)) & mask;
    if (distance >= ((at - hole) & mask)) {
      table->entries[hole] = table->entries[at];
      hole = at;
    }
  }
  table->entries[hole].used = false;
  table->count--;
  return true;
}
