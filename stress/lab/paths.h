/* SPDX-License-Identifier: MIT
 *
 * paths.h: where the other parts of the installation are, relative to the `gilloc` command itself (as
 * /proc/self/exe says, symbolic links resolved), so that a moved or uninstalled tree works unchanged:
 *
 *   bin/gilloc   libexec/gilloc/gilloc-worker-<row>   lib[/<architecture>]/libgilloc-<flavour>.so
 *                libexec/gilloc/gilloc-replay-<flavour>   libexec/gilloc/gilloc-record-python
 *                lib[/<architecture>]/libgilloc-record.so, which is no flavour
 */
#ifndef GILLOC_LAB_PATHS_H
#define GILLOC_LAB_PATHS_H

/* All return new strings that the caller frees. */

/* The worker program of a row (`processes` is the worker of `none`), or NULL where there is none. */
char *gilloc_paths_worker(const char *row);
/* The library of a flavour, or NULL where there is none. */
char *gilloc_paths_library(const char *flavour);
/* The program that replays traces on a flavour, or NULL where there is none. */
char *gilloc_paths_replay(const char *flavour);
/* The library that `gilloc record` preloads, or NULL where it is not there. */
char *gilloc_paths_recorder(void);
/* A program of libexec/gilloc by its whole name, or NULL where it is not there. */
char *gilloc_paths_program(const char *name);

/* What there is, sorted and joined by ", "; "(none found in DIRECTORY)" where there is nothing. */
char *gilloc_paths_known_rows(void);
char *gilloc_paths_known_flavours(void);
char *gilloc_paths_known_replays(void);

#endif
