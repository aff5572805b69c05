/* SPDX-License-Identifier: MIT
 *
 * bench_peers.h: the allocators of a bench: the flavour that is judged, further flavours, the C library, and
 * the peers that were named. Each is a library to preload.
 */
#ifndef GILLOC_BENCH_PEERS_H
#define GILLOC_BENCH_PEERS_H

#include <stdbool.h>
#include <stddef.h>

struct gilloc_bench_allocator {
  char *name;    /* unique */
  char *library; /* absolute path; NULL: the C library's own malloc */
  bool is_ours;
};

struct gilloc_bench_peers {
  struct gilloc_bench_allocator *items; /* the first is the one that is judged */
  size_t count;
};

/* Each of these refuses what cannot be preloaded. */
void gilloc_bench_peers_add_flavour(struct gilloc_bench_peers *peers, const char *flavour);
void gilloc_bench_peers_add_libc(struct gilloc_bench_peers *peers);
/* A path, or "debian": mimalloc, jemalloc and tcmalloc as Debian packs them, installed where they are missing
 * and this process may do so. */
void gilloc_bench_peers_add(struct gilloc_bench_peers *peers, const char *peer);
/* Installs the packages by apt-get; refuses, naming them, where that is not possible. */
void gilloc_bench_peers_install(const char *const *packages, size_t count);
void gilloc_bench_peers_fini(struct gilloc_bench_peers *peers);

#endif
