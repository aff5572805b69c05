/* SPDX-License-Identifier: MIT
 *
 * page_region.c: a region is a quarter of what the heap has, within bounds; a sixteenth of the process's
 * addresses at most where these are limited; what is asked for, and no more, where the kernel would fill and
 * lock all of it at once.
 */
#include "page_region.h"

#include "os_memory.h"

static const size_t region_min = (size_t)64 << 20, region_max = (size_t)1 << 30;
static const size_t region_unit = (size_t)2 << 20; /* regions are multiples of it */

enum { REGIONS_A_LIMIT = 16 };

/* Enters a new region as a free run; false without memory for its record. */
static bool enter_region(char *start, size_t bytes)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  struct gilloc_page_run *run = gilloc_page_space_take_record();
  bool entered = run && gilloc_page_space_reserve_words(start, bytes);
  if (entered) {
    gilloc_page_space.counts.regions++;
    gilloc_page_space.counts.reserved += bytes;
    run->dirty_from = run->dirty_to = start;
    run->dirty = 0;
    gilloc_page_run_set(run, start, bytes, GILLOC_PAGE_RUN_OUT);
    gilloc_page_space_make_free(run);
  } else {
    gilloc_page_space_put_record(run);
  }
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
  return entered;
}

static size_t region_for(size_t bytes, size_t reserved)
{
  size_t region = reserved / 4, limit = gilloc_os_address_limit() / REGIONS_A_LIMIT;
  region = region < region_min ? region_min : region > region_max ? region_max : region;
  region = region > limit ? limit : region;
  region = bytes > region || gilloc_os_locks_new_memory() ? bytes : region;
  return (region + region_unit - 1) & ~(region_unit - 1);
}

bool gilloc_page_region_add(size_t bytes, size_t reserved)
{
  if (!gilloc_os_charge(bytes)) /* no addresses for what the limit will refuse */
    return false;
  gilloc_os_discharge(bytes);
  size_t region = region_for(bytes, reserved);
  char *start = gilloc_os_reserve(region);
  while (!start && region > bytes) {
    region = region / 4 >= region_unit && region / 4 > bytes ? region / 4 : bytes;
    start = gilloc_os_reserve(region);
  }
  if (start && !enter_region(start, region)) {
    gilloc_os_unreserve(start, region);
    start = NULL;
  }
  return start != NULL;
}

/* ---- giving back ---- */

/* Takes a clean run out of the space: its addresses may be somebody else's soon. NULL where there is none. */
static struct gilloc_page_run *take_out(void)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  struct gilloc_page_run *run =
      gilloc_page_tree_find(gilloc_page_space.clean_runs, GILLOC_PAGE_REGION_RELEASED_MIN);
  if (run) {
    gilloc_page_space_unlink(run);
    gilloc_page_run_set_state(run, GILLOC_PAGE_RUN_OUT);
    gilloc_page_space_set_words(run, 0);
    gilloc_page_space.counts.out += gilloc_page_run_bytes(run);
  }
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
  return run;
}

static void account_for(struct gilloc_page_run *run, bool is_gone)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  gilloc_page_space.counts.out -= gilloc_page_run_bytes(run);
  if (is_gone) {
    gilloc_page_space.counts.reserved -= gilloc_page_run_bytes(run);
    gilloc_page_space_put_record(run);
  } else {
    gilloc_page_space_make_free(run);
  }
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
}

size_t gilloc_page_region_release_clean(void)
{
  struct gilloc_page_run *run;
  size_t released = 0;
  bool is_gone = gilloc_os_counts().failed != 0;
  while (is_gone && (run = take_out())) {
    size_t bytes = gilloc_page_run_bytes(run);
    is_gone = gilloc_os_unreserve(gilloc_page_run_start(run), bytes);
    released += is_gone ? bytes : 0;
    account_for(run, is_gone);
  }
  return released;
}
