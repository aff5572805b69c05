/* SPDX-License-Identifier: MIT
 *
 * page_heap.c: taking, putting, resizing, purging: each finds or makes runs in the page space under
 * its guard, and speaks to the kernel without it.
 */
#include "page_heap.h"

#include "guard.h"
#include "os_memory.h"
#include "page_region.h"
#include "page_space.h"

static const size_t unmapped_min = (size_t)64 << 20; /* purged runs from here on go back whole */
static struct gilloc_guard_node fork_node;

/* Describes [start, start + bytes) of `whole`, which is in no tree, in the record `part`, which may be the
 * same. Any dirty byte of the whole may lie there, so several parts may count more than the whole did. */
static void cut(struct gilloc_page_run *part, const struct gilloc_page_run *whole, char *start, size_t bytes)
{
  part->dirty_from = whole->dirty_from;
  part->dirty_to = whole->dirty_to;
  part->dirty = whole->dirty;
  gilloc_page_run_set(part, start, bytes, GILLOC_PAGE_RUN_OUT);
  gilloc_page_run_clip(part);
}

/* ---- taking ---- */

enum outcome { TAKEN, NO_RUN, REFUSED };

struct request {
  size_t bytes;
  size_t alignment;
  char *block; /* the answer ... */
  struct gilloc_page_dirt dirt;
  size_t reserved; /* by the heap at that time */
};

/* Where in the run the block goes: at the end that is dirty, so that clean pages stay clean. */
static char *place_in(const struct gilloc_page_run *run, const struct request *request)
{
  uintptr_t mask = ~(uintptr_t)(request->alignment - 1);
  char *start = gilloc_page_run_start(run), *end = gilloc_page_run_end(run);
  if (gilloc_page_run_hull(run) != 0 && run->dirty_from - start > end - run->dirty_to)
    return (char *)((uintptr_t)(end - request->bytes) & mask);
  return (char *)(((uintptr_t)start + request->alignment - 1) & mask);
}

/* Splits a free run into the block and what is left on either side, whose records are given. */
static bool split(struct gilloc_page_run *run, struct request *request, struct gilloc_page_run *parts[2])
    GILLOC_REQUIRES(gilloc_page_space.guard)
{
  char *block = request->block, *block_end = block + request->bytes;
  char *start = gilloc_page_run_start(run), *end = gilloc_page_run_end(run);
  if (parts[0])
    cut(parts[0], run, start, (size_t)(block - start));
  if (parts[1])
    cut(parts[1], run, block_end, (size_t)(end - block_end));
  size_t kept = (parts[0] ? parts[0]->dirty : 0) + (parts[1] ? parts[1]->dirty : 0);
  if (!gilloc_os_charge(request->bytes + kept - run->dirty))
    return false;
  gilloc_page_space_unlink(run);
  gilloc_page_run_set(run, block, request->bytes, GILLOC_PAGE_RUN_LIVE);
  gilloc_page_run_clip(run);
  request->dirt = (struct gilloc_page_dirt){run->dirty_from, run->dirty_to};
  gilloc_page_space_set_words(run, (uintptr_t)run);
  for (unsigned i = 0; i < 2; i++) {
    if (parts[i]) {
      gilloc_page_space_set_words(parts[i], (uintptr_t)parts[i]);
      gilloc_page_space_link(parts[i]);
    }
  }
  return true;
}

static bool take_kept(struct request *request) GILLOC_REQUIRES(gilloc_page_space.guard)
{
  struct gilloc_page_run *run = gilloc_page_space_take_kept(request->bytes);
  if (!run)
    return false;
  gilloc_page_run_set_state(run, GILLOC_PAGE_RUN_LIVE);
  request->block = gilloc_page_run_start(run);
  request->dirt = (struct gilloc_page_dirt){request->block, request->block + request->bytes};
  return true;
}

static enum outcome take_free(struct request *request) GILLOC_REQUIRES(gilloc_page_space.guard)
{
  size_t page = gilloc_os_page_size();
  size_t need = request->bytes + (request->alignment > page ? request->alignment - page : 0);
  struct gilloc_page_run *run = gilloc_page_space_find_free(need);
  request->reserved = gilloc_page_space.counts.reserved;
  if (!run)
    return NO_RUN;
  request->block = place_in(run, request);
  bool has_left = request->block != gilloc_page_run_start(run);
  bool has_right = request->block + request->bytes != gilloc_page_run_end(run);
  struct gilloc_page_run *parts[2] = {has_left ? gilloc_page_space_take_record() : NULL,
                                      has_right ? gilloc_page_space_take_record() : NULL};
  if (has_left > (parts[0] != NULL) || has_right > (parts[1] != NULL) || !split(run, request, parts)) {
    gilloc_page_space_put_record(parts[0]);
    gilloc_page_space_put_record(parts[1]);
    return REFUSED;
  }
  return TAKEN;
}

static enum outcome take_guarded(struct request *request) GILLOC_REQUIRES(gilloc_page_space.guard)
{
  bool is_kept = request->alignment == gilloc_os_page_size() && take_kept(request);
  enum outcome outcome = is_kept ? TAKEN : take_free(request);
  if (outcome == TAKEN) {
    gilloc_page_space_note_low();
    gilloc_page_space.counts.blocks++;
    gilloc_page_space.counts.live += request->bytes;
  }
  return outcome;
}

void *gilloc_page_heap_take(size_t bytes, size_t alignment, struct gilloc_page_dirt *dirt)
{
  struct request request = {.bytes = bytes, .alignment = alignment};
  size_t need, page = gilloc_os_page_size();
  if (alignment < page)
    request.alignment = page;
  if (__builtin_add_overflow(bytes, request.alignment - page, &need) || need > PTRDIFF_MAX)
    return NULL;
  for (;;) {
    struct gilloc_guard_node node;
    gilloc_guard_enter(&gilloc_page_space.guard, &node);
    enum outcome outcome = take_guarded(&request);
    gilloc_guard_leave(&gilloc_page_space.guard, &node);
    *dirt = request.dirt;
    if (outcome == TAKEN)
      return request.block;
    if (outcome == REFUSED || !gilloc_page_region_add(need, request.reserved))
      return NULL;
  }
}

/* ---- putting ---- */

/* A live run that is one no more, and not yet anything else. */
static void retire(struct gilloc_page_run *run) GILLOC_REQUIRES(gilloc_page_space.guard)
{
  gilloc_page_space.counts.blocks--;
  gilloc_page_space.counts.live -= gilloc_page_run_bytes(run);
  gilloc_page_run_set_state(run, GILLOC_PAGE_RUN_OUT);
}

static void set_hull(struct gilloc_page_run *run, bool is_dirty)
{
  run->dirty_from = gilloc_page_run_start(run);
  run->dirty_to = is_dirty ? gilloc_page_run_end(run) : run->dirty_from;
  run->dirty = gilloc_page_run_hull(run);
}

static void put_run(struct gilloc_page_run *run) GILLOC_REQUIRES(gilloc_page_space.guard)
{
  retire(run);
  if (!gilloc_page_space_keep(run)) {
    set_hull(run, true);
    gilloc_page_space_make_free(run);
  }
}

size_t gilloc_page_heap_put(void *p)
{
  struct gilloc_guard_node node;
  size_t bytes = 0;
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  struct gilloc_page_run *run = gilloc_page_space_find_live(p);
  if (run) {
    bytes = gilloc_page_run_bytes(run);
    put_run(run);
  }
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
  return bytes;
}

void gilloc_page_heap_put_cached(struct gilloc_page_run *run)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  put_run(run);
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
}

struct gilloc_page_run *gilloc_page_heap_detach(void *p)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  struct gilloc_page_run *run = gilloc_page_space_find_live(p);
  if (run) {
    retire(run);
    gilloc_page_space.counts.out += gilloc_page_run_bytes(run);
    gilloc_page_space_set_words(run, 0);
  }
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
  return run;
}

void gilloc_page_heap_attach(struct gilloc_page_run *run)
{
  struct gilloc_guard_node node;
  size_t bytes = gilloc_page_run_bytes(run);
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  gilloc_page_space.counts.out -= bytes;
  gilloc_page_space.counts.live += bytes;
  gilloc_page_space.counts.blocks++;
  gilloc_page_run_set_state(run, GILLOC_PAGE_RUN_LIVE);
  gilloc_page_space_set_words(run, (uintptr_t)run);
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
}

void gilloc_page_heap_attach_free(struct gilloc_page_run *run)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  gilloc_page_space.counts.out -= gilloc_page_run_bytes(run);
  gilloc_os_discharge(gilloc_page_run_bytes(run));
  set_hull(run, false);
  gilloc_page_space_make_free(run);
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
}

void gilloc_page_heap_lose(struct gilloc_page_run *run)
{
  struct gilloc_guard_node node;
  size_t bytes = gilloc_page_run_bytes(run);
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  gilloc_page_space.counts.out -= bytes;
  gilloc_page_space.counts.reserved -= bytes;
  gilloc_os_discharge(bytes);
  gilloc_page_space_put_record(run);
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
}

size_t gilloc_page_heap_usable(const void *p)
{
  const struct gilloc_page_run *run = gilloc_page_space_find_live(p);
  return run ? gilloc_page_run_bytes(run) : 0;
}

/* ---- resizing in place ---- */

static void set_live_bytes(struct gilloc_page_run *run, size_t bytes) GILLOC_REQUIRES(gilloc_page_space.guard)
{
  gilloc_page_space.counts.live += bytes - gilloc_page_run_bytes(run);
  gilloc_page_run_set(run, gilloc_page_run_start(run), bytes, GILLOC_PAGE_RUN_LIVE);
  gilloc_page_space_set_words(run, (uintptr_t)run);
}

static bool shrink(struct gilloc_page_run *run, size_t bytes) GILLOC_REQUIRES(gilloc_page_space.guard)
{
  struct gilloc_page_run *tail = gilloc_page_space_take_record();
  if (!tail)
    return false;
  gilloc_page_run_set(tail, gilloc_page_run_start(run) + bytes, gilloc_page_run_bytes(run) - bytes,
                      GILLOC_PAGE_RUN_OUT);
  set_hull(tail, true);
  set_live_bytes(run, bytes);
  gilloc_page_space_make_free(tail);
  return true;
}

static bool grow(struct gilloc_page_run *run, size_t bytes) GILLOC_REQUIRES(gilloc_page_space.guard)
{
  size_t more = bytes - gilloc_page_run_bytes(run);
  struct gilloc_page_run *right = gilloc_page_space_run_at(gilloc_page_run_end(run));
  if (right && gilloc_page_run_state(right) == GILLOC_PAGE_RUN_KEPT) {
    gilloc_page_space_free_kept();
    right = gilloc_page_space_run_at(gilloc_page_run_end(run));
  }
  if (!gilloc_page_space_is_free(right) || gilloc_page_run_start(right) != gilloc_page_run_end(run) ||
      gilloc_page_run_bytes(right) < more)
    return false;
  struct gilloc_page_run rest;
  size_t rest_bytes = gilloc_page_run_bytes(right) - more;
  cut(&rest, right, gilloc_page_run_start(right) + more, rest_bytes);
  if (!gilloc_os_charge(more + rest.dirty - right->dirty))
    return false;
  gilloc_page_space_unlink(right);
  set_live_bytes(run, bytes);
  if (rest_bytes == 0) {
    gilloc_page_space_put_record(right);
  } else {
    cut(right, right, gilloc_page_run_start(right) + more, rest_bytes);
    gilloc_page_space_set_words(right, (uintptr_t)right);
    gilloc_page_space_link(right);
  }
  gilloc_page_space.counts.grown_here++;
  gilloc_page_space_note_low();
  return true;
}

bool gilloc_page_heap_resize(void *p, size_t bytes)
{
  struct gilloc_guard_node node;
  bool is_done = false;
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  struct gilloc_page_run *run = gilloc_page_space_find_live(p);
  size_t old_bytes = run ? gilloc_page_run_bytes(run) : 0;
  if (run)
    is_done = bytes == old_bytes || (bytes < old_bytes ? shrink(run, bytes) : grow(run, bytes));
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
  return is_done;
}

/* ---- purging ---- */

size_t gilloc_page_heap_purgeable(void)
{
  return gilloc_page_space_dirty();
}

/* What is about to go back. */
struct outing {
  struct gilloc_page_run *run;
  char *from;
  size_t bytes;
  bool is_unmapped; /* the whole run goes */
};

/* Takes the run that has been dirty longest out, for up to `bytes` of it to be purged. */
static bool take_out(size_t bytes, struct outing *outing)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  gilloc_page_space_free_kept();
  struct gilloc_page_run *run = gilloc_page_space.oldest;
  if (run) {
    size_t hull = gilloc_page_run_hull(run), wanted = gilloc_os_round_to_pages(bytes);
    gilloc_page_space_unlink(run);
    gilloc_page_space_note_low();
    gilloc_page_run_set_state(run, GILLOC_PAGE_RUN_OUT);
    gilloc_page_space.counts.out += gilloc_page_run_bytes(run);
    outing->run = run;
    outing->from = run->dirty_from;
    outing->bytes = wanted != 0 && wanted < hull ? wanted : hull;
    outing->is_unmapped = outing->bytes == hull && gilloc_page_run_bytes(run) >= unmapped_min;
    if (outing->is_unmapped)
      gilloc_page_space_set_words(run, 0);
  }
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
  return run != NULL;
}

/* Accounts for the pages that went; returns the dirty bytes among them. */
static size_t forget_purged(const struct outing *outing) GILLOC_REQUIRES(gilloc_page_space.guard)
{
  struct gilloc_page_run *run = outing->run;
  size_t before = run->dirty;
  run->dirty_from += outing->bytes;
  gilloc_page_run_clip(run);
  gilloc_os_discharge(before - run->dirty);
  gilloc_page_space.counts.purges++;
  gilloc_page_space.counts.purged += before - run->dirty;
  return before - run->dirty;
}

static size_t bring_back(const struct outing *outing, bool is_gone)
{
  struct gilloc_guard_node node;
  size_t gone = 0;
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  struct gilloc_page_run *run = outing->run;
  gilloc_page_space.counts.out -= gilloc_page_run_bytes(run);
  if (is_gone)
    gone = forget_purged(outing);
  if (is_gone && outing->is_unmapped) {
    gilloc_page_space.counts.reserved -= gilloc_page_run_bytes(run);
    gilloc_page_space_put_record(run);
  } else {
    gilloc_page_space_make_free(run);
  }
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
  return gone;
}

size_t gilloc_page_heap_purge(size_t bytes)
{
  size_t total = 0;
  struct outing outing = {.run = NULL};
  while (total < bytes && take_out(bytes - total, &outing)) {
    char *start = gilloc_page_run_start(outing.run);
    outing.is_unmapped = outing.is_unmapped && gilloc_os_unreserve(start, gilloc_page_run_bytes(outing.run));
    bool is_gone = outing.is_unmapped || gilloc_os_purge(outing.from, outing.bytes);
    total += bring_back(&outing, is_gone);
    if (!is_gone) /* locked in memory, most likely, and so will others be */
      break;
  }
  return total;
}

size_t gilloc_page_heap_purge_all(void)
{
  return gilloc_page_heap_purge(SIZE_MAX);
}

size_t gilloc_page_heap_purge_idle(void)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  size_t idle = gilloc_page_space.low;
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
  size_t purged = gilloc_page_heap_purge(idle);
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  gilloc_page_space.low = gilloc_page_space_dirty();
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
  return purged;
}

/* ---- figures, fork, checks ---- */

struct gilloc_page_heap_counts gilloc_page_heap_counts(void)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  struct gilloc_page_heap_counts counts = gilloc_page_space.counts;
  counts.dirty = gilloc_page_space_dirty();
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
  return counts;
}

void gilloc_page_heap_before_fork(void) GILLOC_NOT_ANALYSED
{
  gilloc_guard_enter(&gilloc_page_space.guard, &fork_node);
}

void gilloc_page_heap_after_fork(bool in_child) GILLOC_NOT_ANALYSED
{
  gilloc_guard_after_fork(&gilloc_page_space.guard, &fork_node, in_child);
}

bool gilloc_page_heap_is_consistent(void)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&gilloc_page_space.guard, &node);
  bool consistent = gilloc_page_space_is_consistent();
  gilloc_guard_leave(&gilloc_page_space.guard, &node);
  return consistent;
}
