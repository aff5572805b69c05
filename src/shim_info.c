/* SPDX-License-Identifier: MIT
 *
 * shim_info.c: glibc's reports and knobs (malloc.h) on top of gilloc/stats.h, in what replaces malloc alone.
 * Arenas are the "heap", large blocks are what was "mmapped"; blocks in thread caches count as in use.
 */
#include <gilloc/gilloc.h>
#include <gilloc/stats.h>

#include "base.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>

/* ---- mallinfo ---- */

static size_t free_blocks(const struct gilloc_heap_stats *stats)
{
  size_t blocks = 0;
  for (size_t i = 0; i < stats->class_count; i++)
    blocks += stats->classes[i].blocks_available;
  return blocks;
}

GILLOC_PUBLIC struct mallinfo2 mallinfo2(void)
{
  struct gilloc_heap_stats stats;
  gilloc_heap_stats_read(&stats);
  size_t arena_bytes = stats.arenas_current * stats.arena_bytes;
  return (struct mallinfo2){.arena = arena_bytes,
                            .ordblks = free_blocks(&stats),
                            .hblks = stats.large_blocks,
                            .hblkhd = stats.large_bytes,
                            .uordblks = stats.in_use_bytes,
                            .fordblks = arena_bytes - stats.in_use_bytes,
                            .keepcost = stats.unused_pools * stats.pool_bytes};
}

/* glibc lets a number that is too large wrap around; the largest says more. */
static int narrow(size_t number)
{
  return number > INT_MAX ? INT_MAX : (int)number;
}

GILLOC_PUBLIC struct mallinfo mallinfo(void)
{
  struct mallinfo2 info = mallinfo2();
  return (struct mallinfo){.arena = narrow(info.arena),
                           .ordblks = narrow(info.ordblks),
                           .hblks = narrow(info.hblks),
                           .hblkhd = narrow(info.hblkhd),
                           .uordblks = narrow(info.uordblks),
                           .fordblks = narrow(info.fordblks),
                           .keepcost = narrow(info.keepcost)};
}

/* ---- malloc_info ---- */

static void write_sizes(FILE *stream, const struct gilloc_heap_stats *stats)
{
  size_t below = 0;
  fputs("<sizes>\n", stream);
  for (size_t i = 0; i < stats->class_count; i++) {
    const struct gilloc_class_stats *row = &stats->classes[i];
    if (row->blocks_available > 0)
      fprintf(stream, "  <size from=\"%zu\" to=\"%zu\" total=\"%zu\" count=\"%zu\"/>\n", below + 1,
              row->block_bytes, row->blocks_available * row->block_bytes, row->blocks_available);
    below = row->block_bytes;
  }
  fputs("</sizes>\n", stream);
}

/* Lists of small freed blocks do not exist apart from the others: "fast" is empty. */
static void write_free(FILE *stream, const struct gilloc_heap_stats *stats)
{
  fputs("<total type=\"fast\" count=\"0\" size=\"0\"/>\n", stream);
  fprintf(stream, "<total type=\"rest\" count=\"%zu\" size=\"%zu\"/>\n", free_blocks(stats),
          stats->available_bytes);
}

static void write_system(FILE *stream, const struct gilloc_heap_stats *stats)
{
  size_t now = stats->arenas_current * stats->arena_bytes;
  fprintf(stream, "<system type=\"current\" size=\"%zu\"/>\n<system type=\"max\" size=\"%zu\"/>\n", now,
          stats->arenas_highwater * stats->arena_bytes);
  fprintf(stream, "<aspace type=\"total\" size=\"%zu\"/>\n<aspace type=\"mprotect\" size=\"%zu\"/>\n", now,
          now);
}

GILLOC_PUBLIC int malloc_info(int options, FILE *stream)
{
  struct gilloc_heap_stats stats;
  if (options != 0)
    return EINVAL;
  gilloc_heap_stats_read(&stats);
  fputs("<malloc version=\"1\">\n<heap nr=\"0\">\n", stream);
  write_sizes(stream, &stats);
  write_free(stream, &stats);
  write_system(stream, &stats);
  fputs("</heap>\n", stream);
  write_free(stream, &stats);
  fprintf(stream, "<total type=\"mmap\" count=\"%zu\" size=\"%zu\"/>\n", stats.large_blocks,
          stats.large_bytes);
  write_system(stream, &stats);
  fputs("</malloc>\n", stream);
  return 0;
}

GILLOC_PUBLIC void malloc_stats(void)
{
  gilloc_debug_stats(stderr);
}

/* ---- knobs ---- */

GILLOC_PUBLIC int malloc_trim(size_t pad)
{
  return gilloc_trim(pad);
}

/* Parameters of glibc's arenas and lists, which do not exist here: taken, so that a program that insists on
 * them goes on, and without effect. */
GILLOC_PUBLIC int mallopt(int parameter, int value)
{
  (void)value;
  switch (parameter) {
  case M_MXFAST:
  case M_NLBLKS:
  case M_GRAIN:
  case M_KEEP:
  case M_TRIM_THRESHOLD:
  case M_TOP_PAD:
  case M_MMAP_THRESHOLD:
  case M_MMAP_MAX:
  case M_CHECK_ACTION:
  case M_PERTURB:
  case M_ARENA_TEST:
  case M_ARENA_MAX:
    return 1;
  default:
    return 0;
  }
}
