/* SPDX-License-Identifier: MIT
 *
 * large.c: one record and one tree word a block: word = record, record = {start, bytes}.
 */
#include "large.h"

#include "guard.h"
#include "metadata.h"
#include "os_memory.h"
#include "radix.h"

#include <string.h>

struct large {
  char *start;
  size_t bytes; /* whole pages */
};

_Static_assert((sizeof(struct large) & (sizeof(struct large) - 1)) == 0, "its size is its alignment");

enum { PAGE_BITS = 12, ADDRESS_BITS = 48, LEAF_BITS = 18, ROOT_BITS = ADDRESS_BITS - PAGE_BITS - LEAF_BITS };

static const struct gilloc_radix_shape shape = {ROOT_BITS, LEAF_BITS};
static gilloc_radix_root root[1 << ROOT_BITS];

static struct {
  struct gilloc_guard guard;
  struct gilloc_guard_node fork_node;
  struct gilloc_metadata records;
  struct gilloc_large_counts counts;
} larges = {.guard = {.rank = GILLOC_RANK_LARGE},
            .records = {.record_bytes = sizeof(struct large), .alignment = sizeof(struct large)}};

static struct large *find(const void *p) GILLOC_REQUIRES(larges.guard)
{
  struct large *block = (struct large *)gilloc_radix_find(root, shape, (uintptr_t)p >> PAGE_BITS);
  return block && block->start == p ? block : NULL;
}

/* Enters the mapping as a block; false without memory for its record. */
static bool insert(char *start, size_t bytes)
{
  struct gilloc_guard_node node;
  bool fresh;
  gilloc_guard_enter(&larges.guard, &node);
  struct large *block = gilloc_metadata_take(&larges.records, &fresh);
  bool inserted = block && gilloc_radix_reserve(root, shape, (uintptr_t)start >> PAGE_BITS, 1);
  if (inserted) {
    *block = (struct large){start, bytes};
    gilloc_radix_set(root, shape, (uintptr_t)start >> PAGE_BITS, (uintptr_t)block);
    larges.counts.blocks++;
    larges.counts.bytes += bytes;
  } else if (block) {
    gilloc_metadata_put(&larges.records, block);
  }
  gilloc_guard_leave(&larges.guard, &node);
  return inserted;
}

/* Takes the block out of the tree and returns its bytes; 0 where `p` is no large block. */
static size_t withdraw_guarded(const void *p) GILLOC_REQUIRES(larges.guard)
{
  struct large *block = find(p);
  if (!block)
    return 0;
  size_t bytes = block->bytes;
  gilloc_radix_set(root, shape, (uintptr_t)p >> PAGE_BITS, 0);
  gilloc_metadata_put(&larges.records, block);
  larges.counts.blocks--;
  larges.counts.bytes -= bytes;
  return bytes;
}

static size_t withdraw(const void *p)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&larges.guard, &node);
  size_t bytes = withdraw_guarded(p);
  gilloc_guard_leave(&larges.guard, &node);
  return bytes;
}

/* Notes that a block now has `bytes` bytes where it stands. */
static void set_bytes(const void *p, size_t bytes)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&larges.guard, &node);
  struct large *block = find(p);
  if (block) {
    larges.counts.bytes += bytes - block->bytes;
    block->bytes = bytes;
  }
  gilloc_guard_leave(&larges.guard, &node);
}

void *gilloc_large_take(size_t size, size_t alignment)
{
  size_t bytes = gilloc_os_round_to_pages(size ? size : 1);
  if (bytes == 0)
    return NULL;
  char *start =
      alignment <= gilloc_os_page_size() ? gilloc_os_map(bytes) : gilloc_os_map_aligned(bytes, alignment);
  if (start && !insert(start, bytes)) {
    gilloc_os_unmap(start, bytes);
    start = NULL;
  }
  return start;
}

bool gilloc_large_put(void *p)
{
  size_t bytes = withdraw(p);
  if (bytes != 0)
    gilloc_os_unmap(p, bytes);
  return bytes != 0;
}

size_t gilloc_large_usable(const void *p)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&larges.guard, &node);
  const struct large *block = find(p);
  size_t bytes = block ? block->bytes : 0;
  gilloc_guard_leave(&larges.guard, &node);
  return bytes;
}

/* A new block that the old one's pages move into. Under the guard, because the old addresses are free for
 * another thread's mapping as soon as they have moved, and must be out of the tree before it enters one. */
static void *move(void *p, size_t old_bytes, size_t new_bytes)
{
  struct gilloc_guard_node node;
  char *start = gilloc_large_take(new_bytes, 1);
  if (!start)
    return NULL;
  gilloc_guard_enter(&larges.guard, &node);
  bool moved = gilloc_os_move(p, old_bytes, start, new_bytes);
  withdraw_guarded(moved ? p : start);
  gilloc_guard_leave(&larges.guard, &node);
  return moved ? start : NULL;
}

/* Where the kernel cannot move the pages: as malloc, memcpy and free would. */
static void *copy(void *p, size_t old_bytes, size_t new_bytes)
{
  char *start = gilloc_large_take(new_bytes, 1);
  if (!start)
    return NULL;
  memcpy(start, p, old_bytes);
  gilloc_large_put(p);
  return start;
}

static void *grow(void *p, size_t old_bytes, size_t new_bytes)
{
  void *start = move(p, old_bytes, new_bytes);
  return start ? start : copy(p, old_bytes, new_bytes);
}

void *gilloc_large_resize(void *p, size_t size)
{
  size_t old_bytes = gilloc_large_usable(p);
  size_t new_bytes = gilloc_os_round_to_pages(size);
  if (new_bytes == 0)
    return NULL;
  if (new_bytes == old_bytes)
    return p;
  if (!gilloc_os_resize(p, old_bytes, new_bytes))
    return new_bytes < old_bytes ? p : grow(p, old_bytes, new_bytes);
  set_bytes(p, new_bytes);
  return p;
}

struct gilloc_large_counts gilloc_large_counts(void)
{
  struct gilloc_guard_node node;
  gilloc_guard_enter(&larges.guard, &node);
  struct gilloc_large_counts counts = larges.counts;
  gilloc_guard_leave(&larges.guard, &node);
  return counts;
}

void gilloc_large_before_fork(void) GILLOC_NOT_ANALYSED
{
  gilloc_guard_enter(&larges.guard, &larges.fork_node);
}

void gilloc_large_after_fork(bool in_child) GILLOC_NOT_ANALYSED
{
  gilloc_guard_after_fork(&larges.guard, &larges.fork_node, in_child);
}
