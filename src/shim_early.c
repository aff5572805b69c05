/* SPDX-License-Identifier: MIT
 *
 * shim_early.c: the loader calls resolvers of IFUNCs, which may allocate, before it has given thread-locals
 * their first values: until then they are zero, and the cache's pointer must not be. The resolver here runs
 * when the library itself is relocated, before those of the program and of the libraries that it stands
 * before.
 */
#include "tcache.h"

static void resolved(void)
{
}

__attribute__((used)) static void (*resolve(void))(void)
{
  gilloc_tcache_start_closed();
  return resolved;
}

GILLOC_HIDDEN void gilloc_shim_early(void) __attribute__((ifunc("resolve")));

/* What the loader has to relocate, and so to resolve. */
extern GILLOC_HIDDEN void (*const gilloc_shim_early_use)(void);
void (*const gilloc_shim_early_use)(void) = gilloc_shim_early;
