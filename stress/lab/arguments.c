/* SPDX-License-Identifier: MIT
 *
 * arguments.c: see arguments.h.
 */
#include "arguments.h"

#include "message.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

poptContext gilloc_arguments_read(const struct gilloc_arguments *arguments, const struct poptOption *table)
{
  poptContext context = gilloc_message_need(
      poptGetContext(arguments->argv[0], arguments->argc, arguments->argv, table, arguments->flags));
  poptSetOtherOptionHelp(context, arguments->synopsis);
  gilloc_arguments_check(context, poptGetNextOpt(context), arguments->subcommand);
  return context;
}

void gilloc_arguments_check(poptContext context, int id, const char *subcommand)
{
  if (id < -1)
    gilloc_message_refuse("%s: %s: %s; `gilloc %s --help` lists the options", subcommand,
                          poptBadOption(context, POPT_BADOPTION_NOALIAS), poptStrerror(id), subcommand);
}

unsigned long long gilloc_arguments_number(const char *option, const char *text,
                                           const unsigned long long range[2])
{
  char *end = NULL;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (!isdigit((unsigned char)*text) || *end || errno || value < range[0] || value > range[1])
    gilloc_message_refuse("%s: '%s' is not a whole number from %llu to %llu", option, text, range[0],
                          range[1]);
  return value;
}

void gilloc_arguments_check_preload(const char *subcommand, const char *library)
{
  if (strpbrk(library, ": \t\n"))
    gilloc_message_refuse(
        "%s: LD_PRELOAD cannot name '%s' because of the space or colon in it; install gilloc "
        "in a folder without one",
        subcommand, library);
}
