/* SPDX-License-Identifier: MIT
 *
 * bench.c: the subcommand `bench`.
 */
#include "bench.h"

#include "bench_json.h"
#include "bench_report.h"
#include "message.h"
#include "paths.h"
#include "runner.h"
#include "target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double probe_timeout_s = 30;

static int list(const struct gilloc_bench_suite *suite)
{
  for (size_t i = 0; i < suite->count; i++)
    printf("%-16s %s\n", suite->rows[i].name, gilloc_bench_group_name(suite->rows[i].group));
  if (fflush(stdout) != 0)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "cannot write to standard output: %s", strerror(errno));
  return GILLOC_STATUS_OK;
}

/* A quick bench has no time for real programs, unless they are what was asked for. */
static void drop_programs(struct gilloc_bench_suite *suite)
{
  size_t kept = 0;
  for (size_t i = 0; i < suite->count; i++) {
    if (suite->rows[i].group == GILLOC_BENCH_PROGRAMS)
      free(suite->rows[i].name);
    else
      suite->rows[kept++] = suite->rows[i];
  }
  suite->count = kept;
}

static struct gilloc_bench_peers gather(const struct gilloc_bench_options *options)
{
  struct gilloc_bench_peers peers = {NULL, 0};
  for (size_t i = 0; i < options->flavours.count; i++)
    gilloc_bench_peers_add_flavour(&peers, options->flavours.items[i]);
  gilloc_bench_peers_add_libc(&peers);
  for (size_t i = 0; i < options->peers.count; i++)
    gilloc_bench_peers_add(&peers, options->peers.items[i]);
  return peers;
}

/* The packages of the chosen programs that are not there, as the script names them, one a line. */
static void install_programs(const struct gilloc_bench_suite *suite)
{
  const char *packages[64];
  size_t count = 0;
  char *script = gilloc_paths_program("gilloc-bench-programs");
  if (!script)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "gilloc-bench-programs is not installed beside this command");
  for (size_t i = 0; i < suite->count && count < sizeof packages / sizeof *packages; i++) {
    if (suite->rows[i].group != GILLOC_BENCH_PROGRAMS)
      continue;
    char *argv[] = {script, (char *)"missing", (char *)suite->rows[i].workload, NULL};
    struct gilloc_runner_end end = gilloc_runner_run(argv, probe_timeout_s, UINT64_MAX);
    gilloc_runner_die_by_signal();
    end.output[strcspn(end.output, "\n")] = '\0';
    if (*end.output)
      packages[count++] = gilloc_message_format("%s", end.output);
    gilloc_runner_end_fini(&end);
  }
  if (count > 0)
    gilloc_bench_peers_install(packages, count);
  for (size_t i = 0; i < count; i++)
    free((void *)packages[i]);
  free(script);
}

static bool write_json(const struct gilloc_bench_summary *summary, const char *path)
{
  if (!path)
    return true;
  char *text = gilloc_bench_json_make(summary);
  bool written = gilloc_target_write(path, text, strlen(text));
  if (!written)
    gilloc_message_warn("cannot write '%s': %s; it is as it was before", path, strerror(errno));
  free(text);
  return written;
}

static bool bench(const struct gilloc_bench_options *options, struct gilloc_bench_suite *suite)
{
  gilloc_runner_catch_signals();
  struct gilloc_bench_peers peers = gather(options);
  if (options->install)
    install_programs(suite);
  struct gilloc_bench_measurement measurement = gilloc_bench_measure(options, suite, &peers);
  gilloc_bench_summary_compare_checksums(&measurement);
  struct gilloc_bench_summary summary = gilloc_bench_summary_make(&measurement);
  bool written = write_json(&summary, options->json_path);
  gilloc_bench_report_print(&summary, stdout);
  if (fflush(stdout) != 0 || ferror(stdout))
    gilloc_message_fail(GILLOC_STATUS_FAILED, "cannot write to standard output: %s", strerror(errno));
  bool good = written && summary.verified;
  gilloc_bench_summary_fini(&summary);
  gilloc_bench_measure_fini(&measurement);
  gilloc_bench_peers_fini(&peers);
  return good;
}

int gilloc_bench_main(int argc, const char **argv)
{
  struct gilloc_bench_options options = gilloc_bench_options_parse(argc, argv);
  struct gilloc_bench_suite suite = gilloc_bench_suite_make();
  gilloc_bench_suite_choose(&suite, options.only.items, options.only.count);
  if (options.list)
    return list(&suite);
  if (options.quick && options.only.count == 0)
    drop_programs(&suite);
  bool good = bench(&options, &suite);
  gilloc_bench_suite_fini(&suite);
  gilloc_bench_options_fini(&options);
  return good ? GILLOC_STATUS_OK : GILLOC_STATUS_FAILED;
}
