/* SPDX-License-Identifier: MIT
 *
 * page_run.c: hulls, and a treap without recursion: an insertion splits the subtree that it displaces, a
 * removal merges the two below.
 */
#include "page_run.h"

void gilloc_page_run_clip(struct gilloc_page_run *run)
{
  char *start = gilloc_page_run_start(run), *end = gilloc_page_run_end(run);
  if (run->dirty_from < start)
    run->dirty_from = start;
  if (run->dirty_to > end)
    run->dirty_to = end;
  if (run->dirty_from >= run->dirty_to)
    run->dirty_from = run->dirty_to = start;
  if (run->dirty > gilloc_page_run_hull(run))
    run->dirty = gilloc_page_run_hull(run);
}

void gilloc_page_run_join(struct gilloc_page_run *run, const struct gilloc_page_run *other)
{
  if (gilloc_page_run_hull(other) == 0)
    return;
  if (gilloc_page_run_hull(run) == 0) {
    run->dirty_from = other->dirty_from;
    run->dirty_to = other->dirty_to;
  }
  if (other->dirty_from < run->dirty_from)
    run->dirty_from = other->dirty_from;
  if (other->dirty_to > run->dirty_to)
    run->dirty_to = other->dirty_to;
  run->dirty += other->dirty;
}

static uint64_t priority(const struct gilloc_page_run *run)
{
  uint64_t hash = ((uintptr_t)run >> 4) * UINT64_C(0x9e3779b97f4a7c15);
  return (hash ^ (hash >> 32)) * UINT64_C(0xbf58476d1ce4e5b9);
}

static bool is_before(const struct gilloc_page_run *a, const struct gilloc_page_run *b)
{
  size_t a_bytes = gilloc_page_run_bytes(a), b_bytes = gilloc_page_run_bytes(b);
  return a_bytes != b_bytes ? a_bytes < b_bytes : gilloc_page_run_start(a) < gilloc_page_run_start(b);
}

void gilloc_page_tree_insert(struct gilloc_page_run **root, struct gilloc_page_run *run)
{
  uint64_t own = priority(run);
  while (*root && priority(*root) >= own)
    root = is_before(run, *root) ? &(*root)->left : &(*root)->right;
  struct gilloc_page_run *rest = *root, **below = &run->left, **above = &run->right;
  *root = run;
  while (rest) {
    if (is_before(rest, run)) {
      *below = rest;
      below = &rest->right;
      rest = rest->right;
    } else {
      *above = rest;
      above = &rest->left;
      rest = rest->left;
    }
  }
  *below = *above = NULL;
}

void gilloc_page_tree_remove(struct gilloc_page_run **root, const struct gilloc_page_run *run)
{
  while (*root != run)
    root = is_before(run, *root) ? &(*root)->left : &(*root)->right;
  struct gilloc_page_run *below = run->left, *above = run->right;
  while (below && above) {
    if (priority(below) >= priority(above)) {
      *root = below;
      root = &below->right;
      below = below->right;
    } else {
      *root = above;
      root = &above->left;
      above = above->left;
    }
  }
  *root = below ? below : above;
}

struct gilloc_page_run *gilloc_page_tree_find(struct gilloc_page_run *root, size_t bytes)
{
  struct gilloc_page_run *best = NULL;
  while (root) {
    bool fits = gilloc_page_run_bytes(root) >= bytes;
    best = fits ? root : best;
    root = fits ? root->left : root->right;
  }
  return best;
}

static size_t checked_sum(size_t a, size_t b)
{
  return a == SIZE_MAX || b == SIZE_MAX ? SIZE_MAX : a + b;
}

size_t gilloc_page_tree_check(const struct gilloc_page_run *root)
{
  if (!root)
    return 0;
  const struct gilloc_page_run *left = root->left, *right = root->right;
  if ((left && (!is_before(left, root) || priority(left) > priority(root))) ||
      (right && (!is_before(root, right) || priority(right) > priority(root))))
    return SIZE_MAX;
  size_t below = gilloc_page_tree_check(left);
  return checked_sum(checked_sum(below, gilloc_page_tree_check(right)), 1);
}
