/* SPDX-License-Identifier: MIT
 *
 * os_ledger.h: the mappings that a library which can be unloaded gives back at its end: arenas, records,
 * leaves of maps. Not the page heap's regions, whose free runs say what is theirs. Elsewhere nothing is
 * entered. Thread-safe, takes no lock: a mapping is entered and struck out by who has it alone.
 */
#ifndef GILLOC_OS_LEDGER_H
#define GILLOC_OS_LEDGER_H

#include "base.h"

enum { GILLOC_OS_LEDGER_ENTRIES = GILLOC_CLOSABLE ? 1 << 16 : 1 }; /* for 256 GiB of arenas */

/* Enters a mapping. Where there is no room it will be left behind. NULL is none. */
void gilloc_os_ledger_add(void *start, size_t bytes);

/* Strikes the mapping out that starts there. */
void gilloc_os_ledger_remove(const void *start);

/* Strikes out some mapping, and tells its bytes; NULL when there are none left. */
void *gilloc_os_ledger_take(size_t *bytes);

#endif
