/* SPDX-License-Identifier: MIT
 *
 * stats.h (internal): the public contract is gilloc/stats.h. Pulls its figures from central.h, arena.h,
 * arena_map.h and large.h; nothing below knows of it.
 */
#ifndef GILLOC_INTERNAL_STATS_H
#define GILLOC_INTERNAL_STATS_H

#include <gilloc/stats.h>

#include "base.h"

#endif
