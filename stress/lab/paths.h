/* SPDX-License-Identifier: MIT
 *
 * paths.h: where the other parts of the installation are, relative to the `gilloc` command itself (as
 * /proc/self/exe says, symbolic links resolved), so that a moved or uninstalled tree works unchanged:
 *
 *   bin/gilloc   libexec/gilloc/gilloc-worker-<row>   lib[/<architecture>]/libgilloc-<flavour>.so
 */
#ifndef GILLOC_LAB_PATHS_H
#define GILLOC_LAB_PATHS_H

/* All return new strings that the caller frees. */

/* The worker program of a row (`processes` is the worker of `none`), or NULL where there is none. */
char *gilloc_paths_worker(const char *row);
/* The library of a flavour, or NULL where there is none. */
char *gilloc_paths_library(const char *flavour);

/* What there is, sorted and joined by ", "; "(none found in DIRECTORY)" where there is nothing. */
char *gilloc_paths_known_rows(void);
char *gilloc_paths_known_flavours(void);

#endif
