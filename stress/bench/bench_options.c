/* SPDX-License-Identifier: MIT
 *
 * bench_options.c: the option table of `gilloc bench`. Names of rows, flavours and peers are checked by those
 * who know them.
 */
#include "bench_options.h"

#include "arguments.h"
#include "message.h"
#include "target.h"

#include <popt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { DEFAULT_ROUNDS = 7, QUICK_ROUNDS = 2, QUICK_PERCENT = 10, FULL_PERCENT = 100, SEEDS = 1000000000 };

/* The promises are 30 s and 15 minutes. */
static const double quick_limit_s = 27;
static const double default_limit_s = 860;

enum option_id {
  OPTION_PEER = 1,
  OPTION_ROUNDS,
  OPTION_ONLY,
  OPTION_JSON,
  OPTION_FLAVOUR,
  OPTION_SEED,
  OPTION_QUICK,
  OPTION_LIST,
  OPTION_INSTALL,
  OPTION_MARKDOWN
};

static const struct poptOption table[] = {
    {"peer", 'p', POPT_ARG_STRING, NULL, OPTION_PEER,
     "an allocator to compare with: the path of its shared library, or debian (mimalloc, jemalloc and "
     "tcmalloc, "
     "installed where they are missing); may be repeated; the C library's is always one",
     "PATH|debian"},
    {"rounds", 'r', POPT_ARG_STRING, NULL, OPTION_ROUNDS,
     "runs of each row on each allocator, 1 to 1000; fewer than 6 claim nothing (default: 7, "
     "or as many as end within 15 minutes)",
     "NUMBER"},
    {"only", 'o', POPT_ARG_STRING, NULL, OPTION_ONLY,
     "rows to run, with commas: of a row, a workload or a group (single, parallel, crossing, large, "
     "programs); may be "
     "repeated (default: all)",
     "NAMES"},
    {"flavour", 'f', POPT_ARG_STRING, NULL, OPTION_FLAVOUR,
     "flavours, with commas: the first is compared with all others (default: fine)", "NAMES"},
    {"seed", '\0', POPT_ARG_STRING, NULL, OPTION_SEED,
     "for the order of the runs, the workloads' dice and the bootstrap (default: random; the result says it)",
     "NUMBER"},
    {"quick", 'q', POPT_ARG_NONE, NULL, OPTION_QUICK,
     "under 30 s in all: two rounds of a tenth of the work, no programs unless named; shows that it works "
     "and claims nothing",
     NULL},
    {"list", 'l', POPT_ARG_NONE, NULL, OPTION_LIST, "print the rows, one a line with its group, and end",
     NULL},
    {"install", '\0', POPT_ARG_NONE, NULL, OPTION_INSTALL,
     "install by apt-get the real programs that are missing (as root)", NULL},
    {"json", 'j', POPT_ARG_STRING, NULL, OPTION_JSON, "also write every run and every result to FILE",
     "FILE"},
    {"markdown", 'm', POPT_ARG_NONE, NULL, OPTION_MARKDOWN, "print the tables in Markdown", NULL},
    POPT_AUTOHELP POPT_TABLEEND};

static void add_word(struct gilloc_bench_words *words, const char *word)
{
  words->items = gilloc_message_need(realloc(words->items, (words->count + 1) * sizeof *words->items));
  words->items[words->count++] = gilloc_message_need(strdup(word));
}

static void add_list(struct gilloc_bench_words *words, const char *option, const char *list)
{
  char *copy = gilloc_message_need(strdup(list));
  char *rest = copy;
  for (char *entry; (entry = strsep(&rest, ","));) {
    if (!*entry)
      gilloc_message_refuse("%s: '%s' has an empty entry; write names with single commas between", option,
                            list);
    add_word(words, entry);
  }
  free(copy);
}

static void take_option(struct gilloc_bench_options *options, enum option_id id, const char *value)
{
  switch (id) {
  case OPTION_PEER:
    add_word(&options->peers, value);
    break;
  case OPTION_ROUNDS:
    options->rounds = (unsigned)gilloc_arguments_number("--rounds", value,
                                                        (unsigned long long[]){1, GILLOC_BENCH_ROUNDS_MAX});
    break;
  case OPTION_ONLY:
    add_list(&options->only, "--only", value);
    break;
  case OPTION_FLAVOUR:
    add_list(&options->flavours, "--flavour", value);
    break;
  case OPTION_SEED:
    options->seed = gilloc_arguments_number("--seed", value, (unsigned long long[]){1, UINT64_MAX});
    break;
  case OPTION_JSON:
    free(options->json_path);
    options->json_path = gilloc_target_check("--json", value);
    break;
  case OPTION_QUICK:
    options->quick = true;
    break;
  case OPTION_LIST:
    options->list = true;
    break;
  case OPTION_INSTALL:
    options->install = true;
    break;
  case OPTION_MARKDOWN:
    options->markdown = true;
    break;
  }
}

static void apply_defaults(struct gilloc_bench_options *options)
{
  if (options->quick && options->rounds > 0)
    gilloc_message_refuse("--quick chooses --rounds itself; give either --quick or --rounds");
  options->limit_s = options->rounds ? 0 : options->quick ? quick_limit_s : default_limit_s;
  if (options->rounds == 0)
    options->rounds = options->quick ? QUICK_ROUNDS : DEFAULT_ROUNDS;
  options->percent = options->quick ? QUICK_PERCENT : FULL_PERCENT;
  if (options->flavours.count == 0)
    add_word(&options->flavours, "fine");
}

struct gilloc_bench_options gilloc_bench_options_parse(int argc, const char **argv)
{
  struct gilloc_bench_options options = {0};
  if (getrandom(&options.seed, sizeof options.seed, 0) != (ssize_t)sizeof options.seed)
    options.seed = (uint64_t)getpid();
  options.seed = 1 + options.seed % SEEDS;
  poptContext context = gilloc_message_need(poptGetContext(argv[0], argc, argv, table, 0));
  int id;
  while ((id = poptGetNextOpt(context)) > 0) {
    char *value = poptGetOptArg(context);
    take_option(&options, (enum option_id)id, value ? value : "");
    free(value);
  }
  gilloc_arguments_check(context, id, "bench");
  const char *surplus = poptGetArg(context);
  if (surplus)
    gilloc_message_refuse(
        "bench: unexpected argument '%s'; rows are chosen with --only, allocators with --peer", surplus);
  poptFreeContext(context);
  apply_defaults(&options);
  return options;
}

static void fini_words(struct gilloc_bench_words *words)
{
  for (size_t i = 0; i < words->count; i++)
    free(words->items[i]);
  free(words->items);
}

void gilloc_bench_options_fini(struct gilloc_bench_options *options)
{
  fini_words(&options->only);
  fini_words(&options->peers);
  fini_words(&options->flavours);
  free(options->json_path);
}
