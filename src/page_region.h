/* SPDX-License-Identifier: MIT
 *
 * page_region.h: where the page heap's addresses come from and where they go: regions, reserved as a whole,
 * entered into the page space as free runs. Enters the page space's guard; asks the kernel without it.
 */
#ifndef GILLOC_PAGE_REGION_H
#define GILLOC_PAGE_REGION_H

#include "page_space.h"

/* Free clean runs below this are no use as addresses, and each would be a hole among the mappings. */
enum { GILLOC_PAGE_REGION_RELEASED_MIN = 1 << 20 };

/* Makes room for a run of `bytes` in a heap that has `reserved`; false without memory. Regions are smaller
 * where addresses are short. */
bool gilloc_page_region_add(size_t bytes, size_t reserved);

/* Where a mapping has ever failed, gives the addresses of free clean runs back, for others to map; returns
 * how many bytes. What is dirty has to be purged before. */
size_t gilloc_page_region_release_clean(void);

#endif
