/* SPDX-License-Identifier: MIT
 *
 * stats.h: what the heap holds, as numbers, as the text that CPython prints and as JSON. All three show one
 * moment: every guard of the pools and arenas is held while the figures are read, none while they are
 * written. Thread-safe in the flavours `gil` and `fine`; under `gil` a thread that does not hold the GIL
 * takes it to read the figures. Sizes are bytes.
 *
 * Under `fine` the blocks that threads keep in their caches count as in use: the pools cannot tell them from
 * live ones. Blocks of the C library (zero and more than 512 bytes in the CPython geometries) are not
 * counted.
 */
#ifndef GILLOC_STATS_H
#define GILLOC_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GILLOC_STATS_CLASSES_MAX = 128 };

/* One size class. */
struct gilloc_class_stats {
  size_t block_bytes;
  size_t pools; /* that have a block in use */
  size_t blocks_in_use;
  size_t blocks_available; /* free or never handed out, in those pools */
};

/* The map from addresses to arenas. `py311`: the radix tree that CPython 3.11 would have built for the same
 * arenas (15, 15 and 14 bits; nodes are never freed). `wide`: our own, whose leaves count as bot nodes; their
 * bytes are addresses, of which only pages in use take memory. Zero in `classic` and `py39`. */
struct gilloc_map_stats {
  size_t root_bytes;
  size_t mid_nodes;
  size_t mid_bytes; /* of all of them */
  size_t bot_nodes;
  size_t bot_bytes;
};

/* Invariant: arenas_current * arena_bytes = in_use_bytes + available_bytes + unused_pools * pool_bytes +
 * header_bytes + quantization_bytes + alignment_bytes. */
struct gilloc_heap_stats {
  size_t block_max; /* larger requests do not go to pools */
  size_t pool_bytes;
  size_t arena_bytes;
  size_t class_count;
  struct gilloc_class_stats classes[GILLOC_STATS_CLASSES_MAX]; /* class_count of them */
  size_t arenas_total;                                         /* ever taken */
  size_t arenas_reclaimed;                                     /* given back */
  size_t arenas_highwater;                                     /* the most at once */
  size_t arenas_current;
  size_t in_use_bytes;
  size_t available_bytes;
  size_t unused_pools;
  size_t header_bytes;       /* of pools in use; `wide` keeps them outside its arenas: 0 */
  size_t quantization_bytes; /* what is left of pools in use behind their last block */
  size_t alignment_bytes;    /* a pool for each arena that does not begin at a pool's boundary */
  struct gilloc_map_stats map;
  size_t large_blocks; /* above block_max, runs of pages; `wide` alone */
  size_t large_bytes;
};

/* Fills `stats`. Never fails, allocates nothing. */
void gilloc_heap_stats_read(struct gilloc_heap_stats *stats);

/* Prints the figures as CPython 3.11's _PyObject_DebugMallocStats does: sections, widths and totals (the part
 * of sys._debugmallocstats() that tells of the allocator). `classic` and `py39` leave out the arena map,
 * which came with 3.10. `wide` prints the same sections with its own numbers (mid nodes do not exist, the
 * map's are those of gilloc_map_stats) and a last one with its large blocks. False where the stream has
 * failed; the stream's buffer may be allocated with malloc. */
bool gilloc_debug_stats(FILE *stream);

/* Writes the figures as one JSON object in one line: "version" (1), "flavour", then the members of
 * gilloc_heap_stats by name, all classes in "classes". False where the stream has failed. */
bool gilloc_debug_stats_json(FILE *stream);

#ifdef __cplusplus
}
#endif
#endif
