/* SPDX-License-Identifier: MIT
 *
 * session_table.c: see session_table.h.
 */
#include "session_table.h"

#include "prng.h"
#include "workload.h"

#include <gilloc/gilloc.h>

#include <string.h>

static struct gilloc_session **bucket_of(const struct gilloc_session_table *table, uint64_t id)
{
  return &table->buckets[gilloc_prng_mix(id) % GILLOC_SESSIONS_MAX];
}

static void unlink_from_list(struct gilloc_session_table *table, struct gilloc_session *session)
{
  *(session->newer != NULL ? &session->newer->older : &table->newest) = session->older;
  *(session->older != NULL ? &session->older->newer : &table->oldest) = session->newer;
}

static void link_as_newest(struct gilloc_session_table *table, struct gilloc_session *session)
{
  session->newer = NULL;
  session->older = table->newest;
  *(table->newest != NULL ? &table->newest->newer : &table->oldest) = session;
  table->newest = session;
}

static void drop_oldest(struct gilloc_session_table *table)
{
  struct gilloc_session *session = table->oldest;
  struct gilloc_session **at = bucket_of(table, session->id);
  while (*at != session)
    at = &(*at)->next_in_bucket;
  *at = session->next_in_bucket;
  unlink_from_list(table, session);
  table->count--;
  gilloc_free(session->last_reply);
  gilloc_free(session);
}

void gilloc_session_table_init(struct gilloc_session_table *table)
{
  *table = (struct gilloc_session_table){0};
  table->buckets = gilloc_need(gilloc_calloc(GILLOC_SESSIONS_MAX, sizeof(struct gilloc_session *)));
}

void gilloc_session_table_fini(struct gilloc_session_table *table)
{
  while (table->oldest != NULL)
    drop_oldest(table);
  gilloc_free(table->buckets);
}

struct gilloc_session *gilloc_session_table_use(struct gilloc_session_table *table, uint64_t id)
{
  struct gilloc_session **bucket = bucket_of(table, id);
  for (struct gilloc_session *session = *bucket; session != NULL; session = session->next_in_bucket) {
    if (session->id == id) {
      unlink_from_list(table, session);
      link_as_newest(table, session);
      return session;
    }
  }
  if (table->count == GILLOC_SESSIONS_MAX)
    drop_oldest(table);
  struct gilloc_session *session = gilloc_need(gilloc_malloc(sizeof *session));
  *session = (struct gilloc_session){.next_in_bucket = *bucket, .id = id};
  *bucket = session;
  link_as_newest(table, session);
  table->count++;
  return session;
}

void gilloc_session_remember(struct gilloc_session *session, const char *reply, size_t size)
{
  gilloc_free(session->last_reply);
  session->last_reply = gilloc_need(gilloc_malloc(size));
  memcpy(session->last_reply, reply, size);
}
