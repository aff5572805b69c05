/* SPDX-License-Identifier: MIT
 *
 * page_space.c: linking, unlinking, coalescing. Words of pages within a run may be stale; nobody believes a
 * word whose record does not begin or end where the word says.
 */
#include "page_space.h"

#include "os_memory.h"
#include "radix.h"

/* Keys are 4 KiB apart whatever the page size, which is a multiple of it. */
enum { KEY_BITS = 12, ADDRESS_BITS = 48, LEAF_BITS = 18, ROOT_BITS = ADDRESS_BITS - KEY_BITS - LEAF_BITS };

static const struct gilloc_radix_shape shape = {ROOT_BITS, LEAF_BITS};
static gilloc_radix_root root[1 << ROOT_BITS];

struct gilloc_page_space gilloc_page_space = {
    .guard = {.rank = GILLOC_RANK_LARGE},
    .records = {.record_bytes = sizeof(struct gilloc_page_run), .alignment = 16}};

static uintptr_t key_of(const void *address)
{
  return (uintptr_t)address >> KEY_BITS;
}

struct gilloc_page_run *gilloc_page_space_run_at(const void *address)
{
  return (struct gilloc_page_run *)gilloc_radix_find(root, shape, key_of(address));
}

void gilloc_page_space_set_words(struct gilloc_page_run *run, uintptr_t word)
{
  gilloc_radix_set(root, shape, key_of(gilloc_page_run_start(run)), word);
  gilloc_radix_set(root, shape, key_of(gilloc_page_run_end(run) - 1), word);
}

struct gilloc_page_run *gilloc_page_space_find_live(const void *p)
{
  struct gilloc_page_run *run = gilloc_page_space_run_at(p);
  uintptr_t place = run ? atomic_load_explicit(&run->place, memory_order_relaxed) : 0;
  return place == (uintptr_t)p + GILLOC_PAGE_RUN_LIVE ? run : NULL;
}

/* ---- records ---- */

struct gilloc_page_run *gilloc_page_space_take_record(void)
{
  bool fresh;
  return gilloc_metadata_take(&gilloc_page_space.records, &fresh);
}

void gilloc_page_space_put_record(struct gilloc_page_run *run)
{
  if (!run)
    return;
  gilloc_page_run_set(run, NULL, 0, GILLOC_PAGE_RUN_NONE);
  gilloc_metadata_put(&gilloc_page_space.records, run);
}

/* ---- free runs ---- */

static void set_dirty(size_t bytes) GILLOC_REQUIRES(gilloc_page_space.guard)
{
  atomic_store_explicit(&gilloc_page_space.dirty, bytes, memory_order_relaxed);
}

void gilloc_page_space_note_low(void)
{
  if (gilloc_page_space_dirty() < gilloc_page_space.low)
    gilloc_page_space.low = gilloc_page_space_dirty();
}

void gilloc_page_space_link(struct gilloc_page_run *run)
{
  gilloc_page_run_set_state(run, GILLOC_PAGE_RUN_FREE);
  set_dirty(gilloc_page_space_dirty() + run->dirty);
  gilloc_page_space.counts.clean += gilloc_page_run_bytes(run) - run->dirty;
  if (gilloc_page_run_hull(run) == 0) {
    gilloc_page_tree_insert(&gilloc_page_space.clean_runs, run);
    return;
  }
  gilloc_page_tree_insert(&gilloc_page_space.dirty_runs, run);
  run->newer = NULL;
  run->older = gilloc_page_space.newest;
  *(gilloc_page_space.newest ? &gilloc_page_space.newest->newer : &gilloc_page_space.oldest) = run;
  gilloc_page_space.newest = run;
}

void gilloc_page_space_unlink(struct gilloc_page_run *run)
{
  set_dirty(gilloc_page_space_dirty() - run->dirty);
  gilloc_page_space.counts.clean -= gilloc_page_run_bytes(run) - run->dirty;
  if (gilloc_page_run_hull(run) == 0) {
    gilloc_page_tree_remove(&gilloc_page_space.clean_runs, run);
    return;
  }
  gilloc_page_tree_remove(&gilloc_page_space.dirty_runs, run);
  *(run->older ? &run->older->newer : &gilloc_page_space.oldest) = run->newer;
  *(run->newer ? &run->newer->older : &gilloc_page_space.newest) = run->older;
}

void gilloc_page_space_make_free(struct gilloc_page_run *run)
{
  char *start = gilloc_page_run_start(run), *end = gilloc_page_run_end(run);
  struct gilloc_page_run *left = gilloc_page_space_run_at(start - 1), *right = gilloc_page_space_run_at(end);
  if (gilloc_page_space_is_free(left) && gilloc_page_run_end(left) == start) {
    start = gilloc_page_run_start(left);
    gilloc_page_space_unlink(left);
    gilloc_page_run_join(run, left);
    gilloc_page_space_put_record(left);
  }
  if (gilloc_page_space_is_free(right) && gilloc_page_run_start(right) == end) {
    end = gilloc_page_run_end(right);
    gilloc_page_space_unlink(right);
    gilloc_page_run_join(run, right);
    gilloc_page_space_put_record(right);
  }
  gilloc_page_run_set(run, start, (size_t)(end - start), GILLOC_PAGE_RUN_FREE);
  gilloc_page_run_clip(run);
  gilloc_page_space_set_words(run, (uintptr_t)run);
  gilloc_page_space_link(run);
}

/* ---- kept runs ---- */

static struct gilloc_page_run *pop_kept(size_t bin) GILLOC_REQUIRES(gilloc_page_space.guard)
{
  struct gilloc_page_run *run = gilloc_page_space.kept[bin];
  if (!run)
    return NULL;
  size_t bytes = gilloc_page_run_bytes(run);
  gilloc_page_space.kept[bin] = run->newer;
  gilloc_page_space.kept_bytes -= bytes;
  set_dirty(gilloc_page_space_dirty() - bytes);
  return run;
}

/* Those kept first become free first: they have lain longest. */
static void free_bin(size_t bin) GILLOC_REQUIRES(gilloc_page_space.guard)
{
  struct gilloc_page_run *run, *oldest = NULL;
  while ((run = pop_kept(bin))) {
    run->newer = oldest;
    oldest = run;
  }
  while ((run = oldest)) {
    oldest = run->newer;
    run->dirty_from = gilloc_page_run_start(run);
    run->dirty_to = gilloc_page_run_end(run);
    run->dirty = gilloc_page_run_bytes(run);
    gilloc_page_run_set_state(run, GILLOC_PAGE_RUN_OUT);
    gilloc_page_space_make_free(run);
  }
}

void gilloc_page_space_free_kept(void)
{
  for (size_t bin = 0; gilloc_page_space.kept_bytes != 0 && bin < GILLOC_PAGE_BINS; bin++)
    free_bin(bin);
}

static void unmap_runs(struct gilloc_page_run **tree) GILLOC_REQUIRES(gilloc_page_space.guard)
{
  struct gilloc_page_run *run;
  while ((run = *tree)) {
    gilloc_page_space_unlink(run);
    gilloc_os_unreserve(gilloc_page_run_start(run), gilloc_page_run_bytes(run));
  }
}

void gilloc_page_space_unmap_free(void)
{
  gilloc_page_space_free_kept();
  unmap_runs(&gilloc_page_space.dirty_runs);
  unmap_runs(&gilloc_page_space.clean_runs);
}

static size_t kept_max(void) GILLOC_REQUIRES(gilloc_page_space.guard)
{
  size_t share = gilloc_page_space.counts.live / GILLOC_PAGE_SPACE_KEPT_SHARE;
  return share > GILLOC_PAGE_SPACE_KEPT_BYTES ? share : GILLOC_PAGE_SPACE_KEPT_BYTES;
}

bool gilloc_page_space_keep(struct gilloc_page_run *run)
{
  size_t bytes = gilloc_page_run_bytes(run), bin = gilloc_page_bin_of(bytes), max = kept_max();
  if (bin >= GILLOC_PAGE_BINS || !gilloc_page_bin_is(bytes))
    return false;
  while (gilloc_page_space.kept_bytes != 0 && gilloc_page_space.kept_bytes + bytes > max) {
    gilloc_page_space.kept_hand = (gilloc_page_space.kept_hand + 1) % GILLOC_PAGE_BINS;
    free_bin(gilloc_page_space.kept_hand);
  }
  gilloc_page_run_set_state(run, GILLOC_PAGE_RUN_KEPT);
  run->newer = gilloc_page_space.kept[bin];
  gilloc_page_space.kept[bin] = run;
  gilloc_page_space.kept_bytes += bytes;
  set_dirty(gilloc_page_space_dirty() + bytes);
  return true;
}

struct gilloc_page_run *gilloc_page_space_take_kept(size_t bytes)
{
  size_t bin = gilloc_page_bin_of(bytes);
  if (bin >= GILLOC_PAGE_BINS || !gilloc_page_bin_is(bytes))
    return NULL;
  return pop_kept(bin);
}

struct gilloc_page_run *gilloc_page_space_find_free(size_t need)
{
  struct gilloc_page_run *run = gilloc_page_tree_find(gilloc_page_space.dirty_runs, need);
  if (!run && (gilloc_page_space.kept_bytes >= need || need > GILLOC_PAGE_BIN_MAX)) {
    gilloc_page_space_free_kept();
    run = gilloc_page_tree_find(gilloc_page_space.dirty_runs, need);
  }
  if (!run)
    run = gilloc_page_tree_find(gilloc_page_space.clean_runs, need);
  if (run || gilloc_page_space.kept_bytes == 0)
    return run;
  gilloc_page_space_free_kept();
  return gilloc_page_space_find_free(need);
}

/* ---- words and checks ---- */

bool gilloc_page_space_reserve_words(const char *start, size_t bytes)
{
  return gilloc_radix_reserve(root, shape, key_of(start), bytes >> KEY_BITS);
}

/* The runs of the list are those of the dirty tree, each whole and apart from free neighbours. */
static bool list_is_consistent(size_t *runs, size_t *dirty) GILLOC_REQUIRES(gilloc_page_space.guard)
{
  const struct gilloc_page_run *older = NULL;
  for (const struct gilloc_page_run *run = gilloc_page_space.oldest; run; older = run, run = run->newer) {
    char *start = gilloc_page_run_start(run), *end = gilloc_page_run_end(run);
    const struct gilloc_page_run *left = gilloc_page_space_run_at(start - 1),
                                 *right = gilloc_page_space_run_at(end);
    if (run->older != older || !gilloc_page_space_is_free(run) || gilloc_page_space_run_at(start) != run ||
        gilloc_page_space_run_at(end - 1) != run)
      return false;
    if (run->dirty == 0 || run->dirty > gilloc_page_run_hull(run) || run->dirty_from < start ||
        run->dirty_to > end)
      return false;
    if ((gilloc_page_space_is_free(left) && gilloc_page_run_end(left) == start) ||
        (gilloc_page_space_is_free(right) && gilloc_page_run_start(right) == end))
      return false;
    ++*runs;
    *dirty += run->dirty;
  }
  return gilloc_page_space.newest == older;
}

bool gilloc_page_space_is_consistent(void)
{
  size_t runs = 0, dirty = 0;
  const struct gilloc_page_heap_counts *counts = &gilloc_page_space.counts;
  return list_is_consistent(&runs, &dirty) &&
         dirty + gilloc_page_space.kept_bytes == gilloc_page_space_dirty() &&
         gilloc_page_space.low <= gilloc_page_space_dirty() &&
         gilloc_page_tree_check(gilloc_page_space.dirty_runs) == runs &&
         gilloc_page_tree_check(gilloc_page_space.clean_runs) != SIZE_MAX &&
         counts->reserved == counts->live + gilloc_page_space_dirty() + counts->clean + counts->out;
}
