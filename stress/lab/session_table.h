/* SPDX-License-Identifier: MIT
 *
 * session_table.h: what a service remembers of the last sessions that spoke to it: a hash table and a list
 * by last use, of at most GILLOC_SESSIONS_MAX; the one unused for longest makes room. So a session's blocks
 * live for milliseconds to seconds, among the requests' short ones. gilloc's memory; one thread owns it.
 *
 *   count == nodes in the buckets == nodes in the list
 */
#ifndef GILLOC_LAB_SESSION_TABLE_H
#define GILLOC_LAB_SESSION_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum { GILLOC_SESSIONS_MAX = 1024 };

struct gilloc_session {
  struct gilloc_session *next_in_bucket;
  struct gilloc_session *newer; /* used after this one; NULL: the newest */
  struct gilloc_session *older;
  uint64_t id;
  char *last_reply;
};

struct gilloc_session_table {
  struct gilloc_session **buckets; /* GILLOC_SESSIONS_MAX */
  struct gilloc_session *newest;
  struct gilloc_session *oldest;
  size_t count;
};

void gilloc_session_table_init(struct gilloc_session_table *table);
void gilloc_session_table_fini(struct gilloc_session_table *table);

/* The session `id`, made if it is not there, and now the newest. */
struct gilloc_session *gilloc_session_table_use(struct gilloc_session_table *table, uint64_t id);

/* Keeps a copy of `reply` in place of the last one. */
void gilloc_session_remember(struct gilloc_session *session, const char *reply, size_t size);

#endif
