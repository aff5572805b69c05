/* SPDX-License-Identifier: MIT
 *
 * geometry_wide.h: the default geometry, for general use: pools of 64 KiB in arenas of 4 MiB, classes in
 * 16-byte steps to 1 KiB and then four a doubling to 32 KiB. Headers stand apart from the blocks, so
 * blocks fill their pool from its first byte and a power-of-two class is aligned to itself.
 */
#ifndef GILLOC_GEOMETRY_WIDE_H
#define GILLOC_GEOMETRY_WIDE_H

enum {
  GILLOC_ALIGNMENT_BITS = 4, /* blocks are multiples of this power of two */
  GILLOC_LINEAR_MAX = 1024,  /* up to here a class every alignment step, then four a doubling */
  GILLOC_BLOCK_MAX = 32768,  /* the largest block of a pool, bytes */
  GILLOC_CLASS_COUNT = 84,
  GILLOC_POOL_BITS = 16,
  GILLOC_ARENA_BITS = 22,
  GILLOC_POOL_HEADER_INLINE = 0, /* 1: in the pool's first 48 bytes; 0: in the arena's record */
  GILLOC_ARENA_ALIGNED = 1,      /* 1: arenas lie at multiples of their size */
  GILLOC_ARENA_KEEPS_LAST = 1,   /* 1: the last usable arena stays though empty (bpo-37257) */
  GILLOC_STATS_MAP_LEVELS = 2,   /* of the map in the statistics: 0 none, 2 our own, 3 CPython 3.11's */
  GILLOC_HAS_LARGE = 1           /* 1: above BLOCK_MAX runs of pages; 0: the C library */
};

/* X(class, block size in bytes) */
/* clang-format off */
#define GILLOC_CLASS_SIZES(X) \
  X(0, 16) X(1, 32) X(2, 48) X(3, 64) X(4, 80) X(5, 96) X(6, 112) X(7, 128) X(8, 144) X(9, 160) \
  X(10, 176) X(11, 192) X(12, 208) X(13, 224) X(14, 240) X(15, 256) X(16, 272) X(17, 288) X(18, 304) \
  X(19, 320) X(20, 336) X(21, 352) X(22, 368) X(23, 384) X(24, 400) X(25, 416) X(26, 432) X(27, 448) \
  X(28, 464) X(29, 480) X(30, 496) X(31, 512) X(32, 528) X(33, 544) X(34, 560) X(35, 576) X(36, 592) \
  X(37, 608) X(38, 624) X(39, 640) X(40, 656) X(41, 672) X(42, 688) X(43, 704) X(44, 720) X(45, 736) \
  X(46, 752) X(47, 768) X(48, 784) X(49, 800) X(50, 816) X(51, 832) X(52, 848) X(53, 864) X(54, 880) \
  X(55, 896) X(56, 912) X(57, 928) X(58, 944) X(59, 960) X(60, 976) X(61, 992) X(62, 1008) \
  X(63, 1024) X(64, 1280) X(65, 1536) X(66, 1792) X(67, 2048) X(68, 2560) X(69, 3072) X(70, 3584) \
  X(71, 4096) X(72, 5120) X(73, 6144) X(74, 7168) X(75, 8192) X(76, 10240) X(77, 12288) X(78, 14336) \
  X(79, 16384) X(80, 20480) X(81, 24576) X(82, 28672) X(83, 32768)
/* clang-format on */

#endif
