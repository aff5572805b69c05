/* SPDX-License-Identifier: MIT
 *
 * replay_report.c: see replay_report.h. The peak of resident memory is the kernel's, set back at the
 * beginning, so that what the replay itself needs for its tables is not counted.
 */
#include "replay_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <gilloc/gilloc.h>
#include <gilloc/stats.h>

/* A line of /proc/self/status, in bytes; 0 where there is none. */
static size_t status_bytes(const char *name)
{
  char line[256];
  size_t kilobytes = 0;
  FILE *status = fopen("/proc/self/status", "re");
  while (status && fgets(line, sizeof line, status)) {
    if (strncmp(line, name, strlen(name)) == 0)
      kilobytes = strtoul(line + strlen(name), NULL, 10);
  }
  if (status)
    (void)fclose(status);
  return kilobytes * 1024;
}

void gilloc_replay_report_begin(struct gilloc_replay_report *report)
{
  FILE *clear = fopen("/proc/self/clear_refs", "we");
  if (clear) {
    (void)fputs("5", clear);
    (void)fclose(clear);
  }
  report->rss_before = status_bytes("VmRSS:");
}

/* The operations after which sample `number` is due, counted from 1; the last one at the end. */
static uint64_t due(const struct gilloc_replay_report *report, unsigned number)
{
  return report->total / GILLOC_REPLAY_SAMPLES * number +
         report->total % GILLOC_REPLAY_SAMPLES * number / GILLOC_REPLAY_SAMPLES;
}

uint64_t gilloc_replay_report_until_sample(const struct gilloc_replay_report *report, uint64_t operations)
{
  uint64_t until = UINT64_MAX;
  for (unsigned number = GILLOC_REPLAY_SAMPLES; number > 0 && due(report, number) > operations; number--)
    until = due(report, number) - operations;
  bool peak_is_first = report->peak_at > operations && report->peak_at - operations < until;
  return peak_is_first ? report->peak_at - operations : until;
}

void gilloc_replay_report_sample(struct gilloc_replay_report *report,
                                 const struct gilloc_trace_checker *checker, uint64_t operations)
{
  struct gilloc_heap_stats stats;
  gilloc_heap_stats_read(&stats);
  if (operations == report->peak_at)
    report->mapped_at_peak = stats.arenas_current * stats.arena_bytes + stats.large_bytes;
  unsigned before = report->due;
  while (report->due < GILLOC_REPLAY_SAMPLES && due(report, report->due + 1) <= operations)
    report->due++;
  if (report->due == before)
    return;
  size_t arena_bytes = stats.arenas_current * stats.arena_bytes;
  struct gilloc_replay_sample sample = {.operations = operations,
                                        .live_bytes = checker->bytes,
                                        .arenas = stats.arenas_current,
                                        .mapped_bytes = arena_bytes + stats.large_bytes};
  for (size_t i = 0; i < stats.class_count; i++)
    sample.pools += stats.classes[i].pools;
  if (arena_bytes > 0)
    sample.unused = 1 - (double)stats.in_use_bytes / (double)arena_bytes;
  report->sample[report->samples++] = sample;
}

static void print_samples(const struct gilloc_replay_report *report, FILE *out)
{
  (void)fprintf(out, "\n  operations      live bytes   arenas    pools    mapped bytes   unused\n");
  for (unsigned i = 0; i < report->samples; i++) {
    const struct gilloc_replay_sample *sample = &report->sample[i];
    (void)fprintf(out, "%12" PRIu64 "  %14" PRIu64 "  %7zu  %7zu  %14zu  %6.1f%%\n", sample->operations,
                  sample->live_bytes, sample->arenas, sample->pools, sample->mapped_bytes,
                  100 * sample->unused);
  }
}

static void print_flavour(FILE *out)
{
  struct gilloc_flavour flavour = gilloc_flavour();
  (void)fprintf(out, "flavour       %s, lock %s, geometry %s\n", flavour.strategy, flavour.lock,
                flavour.geometry);
}

void gilloc_replay_report_print(struct gilloc_replay_report *report,
                                const struct gilloc_trace_checker *checker, FILE *out)
{
  const uint64_t *count = checker->operations;
  double seconds = (double)report->nanoseconds / 1e9;
  report->rss_peak = status_bytes("VmHWM:");
  size_t grown = report->rss_peak > report->rss_before ? report->rss_peak - report->rss_before : 0;
  print_flavour(out);
  (void)fprintf(out,
                "operations    %" PRIu64 ": %" PRIu64 " malloc, %" PRIu64 " calloc, %" PRIu64
                " realloc, %" PRIu64 " free\n",
                report->total, count[GILLOC_TRACE_MALLOC], count[GILLOC_TRACE_CALLOC],
                count[GILLOC_TRACE_REALLOC], count[GILLOC_TRACE_FREE]);
  (void)fprintf(out, "threads       %u%s\n", checker->threads,
                report->is_sequential && checker->threads > 1 ? ", replayed in one, in the order of the trace"
                                                              : "");
  (void)fprintf(out, "time          %.6f s, %.0f operations a second\n", seconds,
                seconds > 0 ? (double)report->total / seconds : 0.0);
  (void)fprintf(out,
                "live at peak  %" PRIu64 " bytes asked for in %" PRIu64
                " blocks, %zu bytes mapped for arenas and large"
                " blocks\n",
                checker->bytes_peak, checker->blocks_at_peak, report->mapped_at_peak);
  (void)fprintf(out, "peak memory   %zu bytes resident more than before\n", grown);
  (void)fprintf(out, "verified      no block overlapped another or lost its contents\n");
  if (report->refused > 0)
    (void)fprintf(out, "refused       %" PRIu64 " allocations for want of memory\n", report->refused);
  print_samples(report, out);
}
