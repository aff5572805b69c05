/* SPDX-License-Identifier: MIT
 *
 * replay_main.c: the program behind `gilloc replay`, one for each flavour:
 *
 *   gilloc-replay-FLAVOUR NAME WHAT MISALIGN
 *
 * The trace is standard input and can be read twice: once to judge all of it before anything is done, and
 * to know what tables it takes, once to replay it. NAME is for messages. WHAT is a set of letters: a for
 * addresses, s for statistics at the end, r for arenas from a region; `-` for none.
 */
#include "message.h"
#include "replay_region.h"
#include "replay_report.h"
#include "replay_run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gilloc/gil.h>
#include <gilloc/gilloc.h>
#include <gilloc/stats.h>

struct replay {
  const char *name;
  bool addresses;
  bool statistics;
  bool region;
  size_t misalign;
  int input;
  size_t slots; /* that the tables have room for */
  struct gilloc_trace_reader reader;
  struct gilloc_trace_checker checker;
  struct gilloc_replay_batch batch;
  struct gilloc_replay_report report;
};

static struct replay replay;

_Noreturn static void refuse(const struct gilloc_trace_error *error)
{
  gilloc_message_refuse("replay: %s: %s", replay.name, error->text);
}

static void rewind_trace(void)
{
  if (lseek(replay.input, 0, SEEK_SET) != 0)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "replay: cannot read %s twice: %s", replay.name,
                        strerror(errno));
  gilloc_trace_reader_init(&replay.reader, gilloc_trace_read_file, &replay.input);
}

/* Judges the whole trace, and reckons how many slots its replay can need. */
static void judge(void)
{
  struct gilloc_trace_op op;
  enum gilloc_trace_result result;
  uint32_t slot;
  rewind_trace();
  while ((result = gilloc_trace_read(&replay.reader, &op)) == GILLOC_TRACE_OP) {
    if (!gilloc_trace_check(&replay.checker, &op, &slot))
      refuse(&replay.checker.error);
    if (op.kind == GILLOC_TRACE_FREE)
      gilloc_trace_checker_put_slot(&replay.checker, slot);
  }
  if (result == GILLOC_TRACE_BAD)
    refuse(&replay.reader.error);
  replay.report.total = replay.checker.done;
  replay.report.peak_at = replay.checker.peak_at + 1;
  replay.slots = replay.checker.slots + GILLOC_REPLAY_BATCH;
}

/* Writes every page, so that the tables do not count as the library's memory later. */
static void *prefault(size_t count, size_t size)
{
  void *p = gilloc_message_need(malloc(count * size));
  memset(p, 0xff, count * size);
  return p;
}

/* Makes the checker's tables as large as the replay will need them, and touches them. */
static void settle_checker(void)
{
  struct gilloc_trace_checker *checker = &replay.checker;
  size_t slots = replay.slots;
  gilloc_trace_checker_clear(checker);
  if (slots > checker->capacity) {
    free(checker->blocks);
    free(checker->free_slots);
    checker->blocks = prefault(slots, sizeof *checker->blocks);
    checker->free_slots = prefault(slots, sizeof *checker->free_slots);
    checker->capacity = slots;
  }
  memset(replay.batch.ops, 0, sizeof replay.batch.ops);
}

static void print_statistics(void)
{
  if (!gilloc_debug_stats(stdout))
    gilloc_message_fail(GILLOC_STATUS_FAILED, "replay: cannot write to standard output");
}

static void replay_batches(struct gilloc_replay_run *run)
{
  struct gilloc_trace_error error;
  enum gilloc_trace_result result;
  uint64_t done = 0;
  for (;;) {
    replay.batch.limit = gilloc_replay_report_until_sample(&replay.report, done);
    result = gilloc_replay_batch_read(&replay.batch, &error);
    if (result != GILLOC_TRACE_OP)
      break;
    if (replay.checker.slots > replay.slots || replay.checker.threads > run->threads)
      gilloc_message_fail(GILLOC_STATUS_FAILED, "replay: %s was changed while it was read", replay.name);
    if (replay.batch.count > 0)
      replay.report.nanoseconds += gilloc_replay_run_batch(run);
    done += replay.batch.count;
    gilloc_replay_batch_put_slots(&replay.batch);
    gilloc_replay_report_sample(&replay.report, &replay.checker, done);
    if (replay.batch.statistics)
      print_statistics();
  }
  gilloc_replay_run_stop(run);
  if (result == GILLOC_TRACE_BAD)
    refuse(&error);
}

static void install_region(void)
{
  static struct gilloc_heap_stats stats;
  gilloc_heap_stats_read(&stats);
  if (!gilloc_replay_region_install(stats.arena_bytes, replay.misalign, replay.addresses ? stdout : NULL))
    gilloc_message_fail(GILLOC_STATUS_FAILED, "replay: cannot reserve addresses for arenas: %s",
                        strerror(errno));
}

static void parse(int argc, char **argv)
{
  if (argc != 4)
    gilloc_message_refuse("replay: this program is part of `gilloc replay`");
  replay.name = argv[1];
  replay.addresses = strchr(argv[2], 'a') != NULL;
  replay.statistics = strchr(argv[2], 's') != NULL;
  replay.region = strchr(argv[2], 'r') != NULL || replay.addresses;
  replay.misalign = strtoul(argv[3], NULL, 10);
}

/* `none` is for one thread; addresses have an order only where there is one. */
static bool is_sequential(unsigned threads)
{
  return replay.addresses || threads < 2 || strcmp(gilloc_flavour().strategy, "none") == 0;
}

int main(int argc, char **argv)
{
  parse(argc, argv);
  judge();
  struct gilloc_replay_run run = {.batch = &replay.batch,
                                  .addresses = replay.addresses ? stdout : NULL,
                                  .is_sequential = is_sequential(replay.checker.threads),
                                  .threads = replay.checker.threads};
  replay.report.is_sequential = run.is_sequential;
  settle_checker();
  run.blocks = prefault(replay.slots, sizeof *run.blocks);
  replay.batch.reader = &replay.reader;
  replay.batch.checker = &replay.checker;
  if (replay.region)
    install_region();
  if (!gilloc_replay_run_start(&run))
    gilloc_message_fail(GILLOC_STATUS_FAILED, "replay: cannot start %u threads: %s", run.threads,
                        strerror(errno));
  rewind_trace();
  gilloc_replay_report_begin(&replay.report);
  replay_batches(&run);
  if (run.damaged)
    return GILLOC_STATUS_FAILED;
  replay.report.refused = run.refused;
  if (replay.statistics)
    print_statistics();
  if (!replay.addresses)
    gilloc_replay_report_print(&replay.report, &replay.checker, stdout);
  if (fflush(stdout) != 0)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "replay: cannot write to standard output");
  return GILLOC_STATUS_OK;
}
