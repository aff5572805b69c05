/* SPDX-License-Identifier: MIT
 *
 * geometry_classic.h: pymalloc as it was to CPython 3.6: 64 classes of 8 bytes, pools of 4 KiB, arenas of
 * 256 KiB, every empty arena released at once. Larger requests go to the C library.
 */
#ifndef GILLOC_GEOMETRY_CLASSIC_H
#define GILLOC_GEOMETRY_CLASSIC_H

enum {
  GILLOC_ALIGNMENT_BITS = 3, /* blocks are multiples of this power of two */
  GILLOC_LINEAR_MAX = 512,   /* up to here a class every alignment step, then four a doubling */
  GILLOC_BLOCK_MAX = 512,    /* the largest block of a pool, bytes */
  GILLOC_CLASS_COUNT = 64,
  GILLOC_POOL_BITS = 12,
  GILLOC_ARENA_BITS = 18,
  GILLOC_POOL_HEADER_INLINE = 1, /* 1: in the pool's first 48 bytes; 0: in the arena's record */
  GILLOC_ARENA_ALIGNED = 0,      /* 1: arenas lie at multiples of their size */
  GILLOC_ARENA_KEEPS_LAST = 0,   /* 1: the last usable arena stays though empty (bpo-37257) */
  GILLOC_STATS_MAP_LEVELS = 0,   /* of the map in the statistics: 0 none, 2 our own, 3 CPython 3.11's */
  GILLOC_HAS_LARGE = 0           /* 1: above BLOCK_MAX runs of pages; 0: the C library */
};

/* X(class, block size in bytes) */
/* clang-format off */
#define GILLOC_CLASS_SIZES(X) \
  X(0, 8) X(1, 16) X(2, 24) X(3, 32) X(4, 40) X(5, 48) X(6, 56) X(7, 64) X(8, 72) X(9, 80) X(10, 88)  \
  X(11, 96) X(12, 104) X(13, 112) X(14, 120) X(15, 128) X(16, 136) X(17, 144) X(18, 152) X(19, 160)   \
  X(20, 168) X(21, 176) X(22, 184) X(23, 192) X(24, 200) X(25, 208) X(26, 216) X(27, 224) X(28, 232)  \
  X(29, 240) X(30, 248) X(31, 256) X(32, 264) X(33, 272) X(34, 280) X(35, 288) X(36, 296) X(37, 304)  \
  X(38, 312) X(39, 320) X(40, 328) X(41, 336) X(42, 344) X(43, 352) X(44, 360) X(45, 368) X(46, 376)  \
  X(47, 384) X(48, 392) X(49, 400) X(50, 408) X(51, 416) X(52, 424) X(53, 432) X(54, 440) X(55, 448)  \
  X(56, 456) X(57, 464) X(58, 472) X(59, 480) X(60, 488) X(61, 496) X(62, 504) X(63, 512)
/* clang-format on */

#endif
