/* SPDX-License-Identifier: MIT
 *
 * stats.c: reads the figures of one moment, derives the sums, writes them as text and as JSON.
 */
#include "stats.h"

#include "arena.h"
#include "arena_map.h"
#include "arena_nodes.h"
#include "central.h"
#include "guard.h"
#include "heap.h"
#include "large.h"
#include "pool.h"

#include <string.h>

_Static_assert((int)GILLOC_CLASS_COUNT <= (int)GILLOC_STATS_CLASSES_MAX, "every class has its row");

/* ---- reading ---- */

static void add_class(struct gilloc_heap_stats *stats, unsigned size_class,
                      const struct gilloc_central_counts *counts)
{
  size_t block_bytes = gilloc_size_class_bytes(size_class);
  size_t in_use = counts->pools * gilloc_pool_blocks(size_class) - counts->free_blocks;
  stats->classes[size_class] =
      (struct gilloc_class_stats){block_bytes, counts->pools, in_use, counts->free_blocks};
  stats->in_use_bytes += in_use * block_bytes;
  stats->available_bytes += counts->free_blocks * block_bytes;
  stats->header_bytes += counts->pools * GILLOC_POOL_FIRST_BLOCK;
  stats->quantization_bytes += counts->pools * ((GILLOC_POOL_SIZE - GILLOC_POOL_FIRST_BLOCK) % block_bytes);
}

static void add_arenas(struct gilloc_heap_stats *stats, const struct gilloc_arena_counts *counts)
{
  stats->arenas_total = counts->mapped_total;
  stats->arenas_reclaimed = counts->mapped_total - counts->mapped_now;
  stats->arenas_highwater = counts->mapped_highwater;
  stats->arenas_current = counts->mapped_now;
  stats->unused_pools = counts->free_pools;
  stats->alignment_bytes = (counts->mapped_now * GILLOC_ARENA_POOLS - counts->pools) * GILLOC_POOL_SIZE;
}

static struct gilloc_map_stats map_stats(const struct gilloc_arena_counts *counts)
{
  if (GILLOC_STATS_MAP_LEVELS == 3)
    return (struct gilloc_map_stats){.root_bytes = GILLOC_ARENA_NODES_ROOT_BYTES,
                                     .mid_nodes = counts->python_mid_nodes,
                                     .mid_bytes = counts->python_mid_nodes * GILLOC_ARENA_NODES_MID_BYTES,
                                     .bot_nodes = counts->python_bot_nodes,
                                     .bot_bytes = counts->python_bot_nodes * GILLOC_ARENA_NODES_BOT_BYTES};
  if (GILLOC_STATS_MAP_LEVELS == 0)
    return (struct gilloc_map_stats){0};
  size_t leaves = gilloc_arena_map_leaves();
  return (struct gilloc_map_stats){.root_bytes = sizeof gilloc_arena_map_root,
                                   .bot_nodes = leaves,
                                   .bot_bytes = leaves * GILLOC_ARENA_MAP_LEAF_BYTES};
}

GILLOC_PUBLIC void gilloc_heap_stats_read(struct gilloc_heap_stats *stats)
{
  struct gilloc_central_counts classes[GILLOC_CLASS_COUNT];
  struct gilloc_arena_counts arenas;
  struct gilloc_large_counts larges = {0, 0};
  struct gilloc_entry entry = gilloc_entry_enter();
  gilloc_central_count_all(classes, &arenas);
  if (GILLOC_HAS_LARGE)
    larges = gilloc_large_counts();
  gilloc_entry_leave(entry);
  memset(stats, 0, sizeof *stats);
  stats->block_max = GILLOC_BLOCK_MAX;
  stats->pool_bytes = GILLOC_POOL_SIZE;
  stats->arena_bytes = GILLOC_ARENA_SIZE;
  stats->class_count = GILLOC_CLASS_COUNT;
  for (unsigned size_class = 0; size_class < GILLOC_CLASS_COUNT; size_class++)
    add_class(stats, size_class, &classes[size_class]);
  add_arenas(stats, &arenas);
  stats->map = map_stats(&arenas);
  stats->large_blocks = larges.blocks;
  stats->large_bytes = larges.bytes;
}

/* ---- text ---- */

enum { LABEL_WIDTH = 35, VALUE_WIDTH = 21 };

/* `label`, an equals sign in column 36, the value with thousands separated, right-aligned. */
static size_t print_line(FILE *stream, const char *label, size_t value)
{
  char digits[32]; /* 20 digits and 6 commas at most */
  char *start = digits + sizeof digits - 1;
  size_t rest = value;
  *start = '\0';
  for (unsigned written = 0; written == 0 || rest != 0; written++, rest /= 10) {
    if (written > 0 && written % 3 == 0)
      *--start = ',';
    *--start = (char)('0' + rest % 10);
  }
  fprintf(stream, "%-*s=%*s\n", LABEL_WIDTH, label, VALUE_WIDTH, start);
  return value;
}

static void print_classes(FILE *stream, const struct gilloc_heap_stats *stats)
{
  fprintf(stream, "Small block threshold = %zu, in %zu size classes.\n", stats->block_max,
          stats->class_count);
  fputs("\nclass   size   num pools   blocks in use  avail blocks\n"
        "-----   ----   ---------   -------------  ------------\n",
        stream);
  for (size_t i = 0; i < stats->class_count; i++) {
    const struct gilloc_class_stats *row = &stats->classes[i];
    if (row->pools > 0)
      fprintf(stream, "%5zu %6zu %11zu %15zu %13zu\n", i, row->block_bytes, row->pools, row->blocks_in_use,
              row->blocks_available);
  }
  fputc('\n', stream);
}

static void print_arenas(FILE *stream, const struct gilloc_heap_stats *stats)
{
  char label[64];
  print_line(stream, "# arenas allocated total", stats->arenas_total);
  print_line(stream, "# arenas reclaimed", stats->arenas_reclaimed);
  print_line(stream, "# arenas highwater mark", stats->arenas_highwater);
  print_line(stream, "# arenas allocated current", stats->arenas_current);
  snprintf(label, sizeof label, "%zu arenas * %zu bytes/arena", stats->arenas_current, stats->arena_bytes);
  print_line(stream, label, stats->arenas_current * stats->arena_bytes);
  fputc('\n', stream);
}

static void print_bytes(FILE *stream, const struct gilloc_heap_stats *stats)
{
  char label[64];
  size_t total = print_line(stream, "# bytes in allocated blocks", stats->in_use_bytes);
  total += print_line(stream, "# bytes in available blocks", stats->available_bytes);
  snprintf(label, sizeof label, "%zu unused pools * %zu bytes", stats->unused_pools, stats->pool_bytes);
  total += print_line(stream, label, stats->unused_pools * stats->pool_bytes);
  total += print_line(stream, "# bytes lost to pool headers", stats->header_bytes);
  total += print_line(stream, "# bytes lost to quantization", stats->quantization_bytes);
  total += print_line(stream, "# bytes lost to arena alignment", stats->alignment_bytes);
  print_line(stream, "Total", total);
}

static void print_map(FILE *stream, const struct gilloc_map_stats *map)
{
  fputs("\narena map counts\n", stream);
  print_line(stream, "# arena map mid nodes", map->mid_nodes);
  print_line(stream, "# arena map bot nodes", map->bot_nodes);
  fputc('\n', stream);
  size_t total = print_line(stream, "# bytes lost to arena map root", map->root_bytes);
  total += print_line(stream, "# bytes lost to arena map mid", map->mid_bytes);
  total += print_line(stream, "# bytes lost to arena map bot", map->bot_bytes);
  print_line(stream, "Total", total);
}

static void print_large(FILE *stream, const struct gilloc_heap_stats *stats)
{
  fputc('\n', stream);
  print_line(stream, "# large blocks", stats->large_blocks);
  print_line(stream, "# bytes in large blocks", stats->large_bytes);
}

GILLOC_PUBLIC bool gilloc_debug_stats(FILE *stream)
{
  struct gilloc_heap_stats stats;
  gilloc_heap_stats_read(&stats);
  print_classes(stream, &stats);
  print_arenas(stream, &stats);
  print_bytes(stream, &stats);
  if (GILLOC_STATS_MAP_LEVELS > 0)
    print_map(stream, &stats.map);
  if (GILLOC_HAS_LARGE)
    print_large(stream, &stats);
  return !ferror(stream);
}

/* ---- JSON ---- */

/* A member whose value is a number, and the comma before the next one. */
static void write_number(FILE *stream, const char *name, size_t value)
{
  fprintf(stream, "\"%s\":%zu,", name, value);
}

static void write_classes(FILE *stream, const struct gilloc_heap_stats *stats)
{
  fputs("\"classes\":[", stream);
  for (size_t i = 0; i < stats->class_count; i++) {
    const struct gilloc_class_stats *row = &stats->classes[i];
    fputs(i > 0 ? ",{" : "{", stream);
    write_number(stream, "block_bytes", row->block_bytes);
    write_number(stream, "pools", row->pools);
    write_number(stream, "blocks_in_use", row->blocks_in_use);
    fprintf(stream, "\"blocks_available\":%zu}", row->blocks_available);
  }
  fputs("],", stream);
}

static void write_map(FILE *stream, const struct gilloc_map_stats *map)
{
  fputs("\"map\":{", stream);
  write_number(stream, "root_bytes", map->root_bytes);
  write_number(stream, "mid_nodes", map->mid_nodes);
  write_number(stream, "mid_bytes", map->mid_bytes);
  write_number(stream, "bot_nodes", map->bot_nodes);
  fprintf(stream, "\"bot_bytes\":%zu},", map->bot_bytes);
}

static void write_sums(FILE *stream, const struct gilloc_heap_stats *stats)
{
  write_number(stream, "arenas_total", stats->arenas_total);
  write_number(stream, "arenas_reclaimed", stats->arenas_reclaimed);
  write_number(stream, "arenas_highwater", stats->arenas_highwater);
  write_number(stream, "arenas_current", stats->arenas_current);
  write_number(stream, "in_use_bytes", stats->in_use_bytes);
  write_number(stream, "available_bytes", stats->available_bytes);
  write_number(stream, "unused_pools", stats->unused_pools);
  write_number(stream, "header_bytes", stats->header_bytes);
  write_number(stream, "quantization_bytes", stats->quantization_bytes);
  write_number(stream, "alignment_bytes", stats->alignment_bytes);
}

GILLOC_PUBLIC bool gilloc_debug_stats_json(FILE *stream)
{
  struct gilloc_heap_stats stats;
  struct gilloc_flavour flavour = gilloc_flavour();
  gilloc_heap_stats_read(&stats);
  fprintf(stream, "{\"version\":1,\"flavour\":{\"strategy\":\"%s\",\"lock\":\"%s\",\"geometry\":\"%s\"},",
          flavour.strategy, flavour.lock, flavour.geometry);
  write_number(stream, "block_max", stats.block_max);
  write_number(stream, "pool_bytes", stats.pool_bytes);
  write_number(stream, "arena_bytes", stats.arena_bytes);
  write_number(stream, "class_count", stats.class_count);
  write_classes(stream, &stats);
  write_sums(stream, &stats);
  write_map(stream, &stats.map);
  write_number(stream, "large_blocks", stats.large_blocks);
  fprintf(stream, "\"large_bytes\":%zu}\n", stats.large_bytes);
  return !ferror(stream);
}
