/* SPDX-License-Identifier: MIT
 *
 * os_ledger.c: a table without holes to speak of: entries below `end`, a free one is looked for from the
 * start. An entry is taken by its start, and its bytes are read when the process is done with the library.
 */
#include "os_ledger.h"

#include <stdatomic.h>

struct entry {
  _Atomic uintptr_t start; /* 0: free */
  _Atomic size_t bytes;
};

static struct entry entries[GILLOC_OS_LEDGER_ENTRIES];
static _Atomic size_t end; /* entries from here on have never been used */

static bool take_entry(struct entry *entry, uintptr_t start)
{
  uintptr_t none = 0;
  return atomic_load_explicit(&entry->start, memory_order_relaxed) == 0 &&
         atomic_compare_exchange_strong_explicit(&entry->start, &none, start, memory_order_relaxed,
                                                 memory_order_relaxed);
}

static void raise_end(size_t to)
{
  size_t before = atomic_load_explicit(&end, memory_order_relaxed);
  while (before < to && !atomic_compare_exchange_weak_explicit(&end, &before, to, memory_order_relaxed,
                                                               memory_order_relaxed))
    continue;
}

void gilloc_os_ledger_add(void *start, size_t bytes)
{
  if (!GILLOC_CLOSABLE || !start)
    return;
  size_t i = 0;
  while (i < GILLOC_OS_LEDGER_ENTRIES && !take_entry(&entries[i], (uintptr_t)start))
    i++;
  if (i == GILLOC_OS_LEDGER_ENTRIES)
    return;
  atomic_store_explicit(&entries[i].bytes, bytes, memory_order_relaxed);
  raise_end(i + 1);
}

void gilloc_os_ledger_remove(const void *start)
{
  size_t count = GILLOC_CLOSABLE ? atomic_load_explicit(&end, memory_order_relaxed) : 0;
  for (size_t i = 0; i < count; i++)
    if (atomic_load_explicit(&entries[i].start, memory_order_relaxed) == (uintptr_t)start) {
      atomic_store_explicit(&entries[i].start, 0, memory_order_relaxed);
      return;
    }
}

void *gilloc_os_ledger_take(size_t *bytes)
{
  size_t count = atomic_load_explicit(&end, memory_order_relaxed);
  for (size_t i = count; i-- > 0;) {
    uintptr_t start = atomic_exchange_explicit(&entries[i].start, 0, memory_order_relaxed);
    *bytes = atomic_load_explicit(&entries[i].bytes, memory_order_relaxed);
    if (start != 0)
      return (void *)start;
  }
  return NULL;
}
