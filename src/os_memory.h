/* SPDX-License-Identifier: MIT
 *
 * os_memory.h: the only file that maps, unmaps and purges memory, and the one count of it. Sizes are bytes
 * and are rounded up to pages by the callers or the kernel; addresses are page-aligned; fresh memory is zero
 * and untouched. Every function is thread-safe, takes no lock and preserves errno; failure is NULL or false
 * and no more.
 *
 *   charged = mapped by gilloc_os_map + charged by the owners of reserved memory      (charged <= hard limit)
 *
 * Reserved memory is addresses with nothing behind them yet: it may be touched at once, but its owner charges
 * what it hands out before it does, and takes the charge back when it has purged.
 */
#ifndef GILLOC_OS_MEMORY_H
#define GILLOC_OS_MEMORY_H

#include "base.h"

/* The page size, read from the system once. */
size_t gilloc_os_page_size(void);

/* `bytes` rounded up to whole pages; 0 where that overflows. */
size_t gilloc_os_round_to_pages(size_t bytes);

/* Maps `bytes` of zeroed private memory and charges them; NULL when there is none, or beyond the hard
 * limit. */
void *gilloc_os_map(size_t bytes);

/* As gilloc_os_map, at a multiple of `alignment`, a power of two. */
void *gilloc_os_map_aligned(size_t bytes, size_t alignment);

/* Whether aligned mappings, the arenas, ask for huge pages from now on (MADV_HUGEPAGE); at first they do not.
 */
void gilloc_os_set_huge(bool wanted);

/* Asks for huge pages in a mapping that is used anew, where they are wanted. */
void gilloc_os_advise_huge(void *start, size_t bytes);

/* Gives a mapping, or a whole number of its pages, back, and the charge. Where the kernel cannot split a
 * mapping for want of memory, the pages are given back and the addresses are lost. */
void gilloc_os_unmap(void *start, size_t bytes);

/* As gilloc_os_unmap, of a mapping whose charge has been taken back already. */
void gilloc_os_unmap_uncharged(void *start, size_t bytes);

/* Maps `bytes` without charging them; NULL when there is no room. */
void *gilloc_os_reserve(size_t bytes);

/* The same for what stays until gilloc_os_unmap_all. */
void *gilloc_os_reserve_for_good(size_t bytes);

/* Unmaps all that gilloc_os_map and gilloc_os_reserve_for_good have mapped: at the end of a library that can
 * be unloaded (GILLOC_CLOSABLE), when nothing of it is used any more. */
void gilloc_os_unmap_all(void);

/* The process's limit on its addresses, RLIMIT_AS, at this moment; SIZE_MAX where it has none. */
size_t gilloc_os_address_limit(void);

/* True where new mappings are locked in memory (mlockall(2) with MCL_FUTURE): what is reserved is not
 * addresses alone then, but pages. */
bool gilloc_os_locks_new_memory(void);

/* Gives reserved memory, or a whole number of its pages, back; the charge is the owner's to take back. False
 * where the kernel cannot split a mapping for want of memory: nothing has changed. */
bool gilloc_os_unreserve(void *start, size_t bytes);

/* Maps reserved addresses anew that gilloc_os_move has unmapped, or may have; false where something is mapped
 * there: they are nobody's, or somebody else's, and no longer reserved. */
bool gilloc_os_reserve_again(void *start, size_t bytes);

/* Gives the pages back and keeps the addresses, which read as zero from now on. MADV_DONTNEED, not
 * MADV_FREE: a page that is free counts as resident until the kernel is short of memory, and whether it will
 * read as zero cannot be known. False where the kernel refuses (locked pages): nothing has changed. */
bool gilloc_os_purge(void *start, size_t bytes);

enum gilloc_os_moved {
  GILLOC_OS_MOVED,     /* `from` is unmapped */
  GILLOC_OS_NOT_MOVED, /* nothing has changed */
  GILLOC_OS_TO_LOST    /* `from` is whole; `to` may be unmapped, and somebody else's by now */
};

/* Moves the pages at `from` without copying; what is mapped at `to` is replaced; to_bytes > from_bytes. The
 * kernel cannot do it where the pages lie in several of its mappings, are locked, or it has no memory. The
 * counts stay as they are: see gilloc_os_reserve_again. */
enum gilloc_os_moved gilloc_os_move(void *from, size_t from_bytes, void *to, size_t to_bytes);

/* Has every other thread of the process pass a full fence before it returns (membarrier(2)): a store before
 * the call and a load after it, here, and a store and then a load of theirs are seen in one order by all.
 * False where the kernel cannot. */
bool gilloc_os_fence_threads(void);

/* Charges `bytes`; false, and nothing charged, beyond the hard limit. */
bool gilloc_os_charge(size_t bytes);
/* As gilloc_os_charge, whatever the limit: for bytes that a merged count takes in. */
void gilloc_os_charge_anyway(size_t bytes);
void gilloc_os_discharge(size_t bytes);

/* Limits on the charged bytes, at any time; 0: none. Above the soft one everything purgeable is purged before
 * more is taken (purge.h); beyond the hard one taking fails. What is charged already stays. */
void gilloc_os_set_limits(size_t soft, size_t hard);

/* True above the soft limit. */
bool gilloc_os_is_over_soft_limit(void);

struct gilloc_os_counts {
  size_t charged;      /* bytes */
  size_t mapped;       /* bytes by gilloc_os_map */
  size_t reserved;     /* bytes of addresses by gilloc_os_reserve, charged or not */
  size_t soft_limit;   /* 0: none */
  size_t hard_limit;   /* 0: none */
  size_t refused;      /* how often the hard limit said no */
  size_t failed;       /* how often the kernel had no addresses, or no memory, for a mapping */
  size_t purges;       /* calls of gilloc_os_purge that did their work ... */
  size_t purged_total; /* ... and their bytes */
};

struct gilloc_os_counts gilloc_os_counts(void);

#endif
