/* SPDX-License-Identifier: MIT
 *
 * geometry_py39.h: CPython 3.9 on 64 bits: 32 classes of 16 bytes, pools of 4 KiB, arenas of 256 KiB, one
 * empty arena kept (Objects/obmalloc.c). Larger requests go to the C library.
 */
#ifndef GILLOC_GEOMETRY_PY39_H
#define GILLOC_GEOMETRY_PY39_H

enum {
  GILLOC_ALIGNMENT_BITS = 4, /* blocks are multiples of this power of two */
  GILLOC_LINEAR_MAX = 512,   /* up to here a class every alignment step, then four a doubling */
  GILLOC_BLOCK_MAX = 512,    /* the largest block of a pool, bytes */
  GILLOC_CLASS_COUNT = 32,
  GILLOC_POOL_BITS = 12,
  GILLOC_ARENA_BITS = 18,
  GILLOC_POOL_HEADER_INLINE = 1, /* 1: in the pool's first 48 bytes; 0: in the arena's record */
  GILLOC_ARENA_ALIGNED = 0,      /* 1: arenas lie at multiples of their size */
  GILLOC_ARENA_KEEPS_LAST = 1,   /* 1: the last usable arena stays though empty (bpo-37257) */
  GILLOC_STATS_MAP_LEVELS = 0,   /* of the map in the statistics: 0 none, 2 our own, 3 CPython 3.11's */
  GILLOC_HAS_LARGE = 0           /* 1: above BLOCK_MAX runs of pages; 0: the C library */
};

/* X(class, block size in bytes) */
/* clang-format off */
#define GILLOC_CLASS_SIZES(X) \
  X(0, 16) X(1, 32) X(2, 48) X(3, 64) X(4, 80) X(5, 96) X(6, 112) X(7, 128) X(8, 144) X(9, 160)       \
  X(10, 176) X(11, 192) X(12, 208) X(13, 224) X(14, 240) X(15, 256) X(16, 272) X(17, 288) X(18, 304)  \
  X(19, 320) X(20, 336) X(21, 352) X(22, 368) X(23, 384) X(24, 400) X(25, 416) X(26, 432) X(27, 448)  \
  X(28, 464) X(29, 480) X(30, 496) X(31, 512)
/* clang-format on */

#endif
