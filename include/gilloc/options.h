/* SPDX-License-Identifier: MIT
 *
 * options.h: the settings of the library, each a number. They come from the environment variable
 * GILLOC_OPTIONS=name=value,... before the first allocation, or from the functions below at any time. What
 * each option does, and its range, is told in docs/options.md and gilloc(7).
 *
 * In the environment a size may end in k, m, g or t (powers of 1024). An unknown name or a bad value is told
 * in one line on stderr and leaves the default. A program that runs with more rights than its user
 * (AT_SECURE: setuid and its kin) does not read the variable.
 *
 * Thread-safe, allocates nothing, needs no GIL.
 */
#ifndef GILLOC_OPTIONS_H
#define GILLOC_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum gilloc_option {
  GILLOC_OPTION_STATS_AT_EXIT, /* 1: print gilloc_debug_stats to stderr when the process exits */
  GILLOC_OPTION_CACHE_BYTES,   /* growth of a new thread's cache of blocks to 1 KiB; of larger ones twice */
  GILLOC_OPTION_CACHE_TOTAL_BYTES, /* bound of the depot: what threads exchange, all classes together */
  GILLOC_OPTION_DECAY_MS,          /* free memory goes back to the system after this; 0 at once, -1 never */
  GILLOC_OPTION_BACKGROUND,        /* 1: a thread of the library's own sees to it */
  GILLOC_OPTION_SOFT_LIMIT,        /* bytes above which all that is free goes back, then pauses; 0: none */
  GILLOC_OPTION_HARD_LIMIT,        /* bytes beyond which allocation fails with ENOMEM; 0: none */
  GILLOC_OPTION_THP                /* 1: arenas mapped from now on ask for huge pages */
};

struct gilloc_option_range {
  const char *name; /* as in GILLOC_OPTIONS; static */
  int64_t lowest;
  int64_t highest;
  int64_t initial; /* the default */
};

/* The option's present value: bytes, milliseconds, or 0 and 1. Panics on a number that is no option. */
int64_t gilloc_options_get(enum gilloc_option option);

/* Sets the option from now on. 0; or EINVAL, and nothing changed, where `option` is none or `value` is out
 * of the range that gilloc_options_range tells. errno is preserved. */
int gilloc_options_set(enum gilloc_option option, int64_t value);

/* Name and range; false, with `range` untouched, where `option` is none. Options are numbered from 0. */
bool gilloc_options_range(enum gilloc_option option, struct gilloc_option_range *range);

#ifdef __cplusplus
}
#endif
#endif
