/* SPDX-License-Identifier: MIT
 *
 * arguments.h: what the subcommands' command lines have in common. What makes no sense is refused in one
 * line.
 */
#ifndef GILLOC_LAB_ARGUMENTS_H
#define GILLOC_LAB_ARGUMENTS_H

#include <popt.h>

struct gilloc_arguments {
  const char *subcommand, *synopsis; /* "run", and what `gilloc run --help` shows behind the name */
  unsigned flags;                    /* popt's: POPT_CONTEXT_* */
  int argc;
  const char **argv;
};

/* Reads options that are all stored by the table; poptGetArgs of the context, which the caller frees, gives
 * the rest. The strings that were stored are the caller's too. */
poptContext gilloc_arguments_read(const struct gilloc_arguments *arguments, const struct poptOption *table);

/* Refuses what poptGetNextOpt complained of, if its answer `id` says that it did. */
void gilloc_arguments_check(poptContext context, int id, const char *subcommand);

/* A whole number from range[0] to range[1]; `option` is named where it is none. */
unsigned long long gilloc_arguments_number(const char *option, const char *text,
                                           const unsigned long long range[2]);

/* Refuses a library that LD_PRELOAD, a list without quotes, cannot name. */
void gilloc_arguments_check_preload(const char *subcommand, const char *library);

#endif
