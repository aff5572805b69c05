/* SPDX-License-Identifier: MIT
 *
 * request.c: see request.h. A request costs a block, three more for each pair, and a reply that grows by
 * doubling: what a small server written without a care for its allocator does.
 */
#include "request.h"

#include "digest.h"
#include "workload.h"

#include <gilloc/gilloc.h>

#include <string.h>

enum { FIRST_REPLY_SIZE = 64 };

static char *new_string(const char *bytes, size_t length)
{
  char *string = gilloc_need(gilloc_malloc(length + 1));
  memcpy(string, bytes, length);
  string[length] = '\0';
  return string;
}

static void make_upper_case(char *string)
{
  for (; *string != '\0'; string++)
    if (*string >= 'a' && *string <= 'z')
      *string = (char)(*string - 'a' + 'A');
}

static void insert_sorted(struct gilloc_request *request, struct gilloc_pair *pair)
{
  struct gilloc_pair **at = &request->pairs;
  for (; *at != NULL; at = &(*at)->next) {
    int order = strcmp((*at)->key, pair->key);
    if (order > 0 || (order == 0 && strcmp((*at)->value, pair->value) > 0))
      break;
  }
  pair->next = *at;
  *at = pair;
}

/* The line from `at` to its newline; false if it is no pair. */
static bool parse_line(struct gilloc_request *request, const char *at, const char *newline)
{
  const char *equals = memchr(at, '=', (size_t)(newline - at));
  if (equals == NULL)
    return false;
  struct gilloc_pair *pair = gilloc_need(gilloc_malloc(sizeof *pair));
  pair->key = new_string(at, (size_t)(equals - at));
  pair->value = new_string(equals + 1, (size_t)(newline - equals - 1));
  make_upper_case(pair->value);
  insert_sorted(request, pair);
  return true;
}

struct gilloc_request *gilloc_request_parse(const char *datagram, size_t size)
{
  struct gilloc_wire_header header;
  if (size < sizeof header)
    return NULL;
  memcpy(&header, datagram, sizeof header);
  if (header.magic != GILLOC_WIRE_REQUEST || header.body_size != size - sizeof header)
    return NULL;
  struct gilloc_request *request = gilloc_need(gilloc_calloc(1, sizeof *request));
  request->header = header;
  const char *end = datagram + size;
  for (const char *at = datagram + sizeof header; at < end;) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    if (newline == NULL || !parse_line(request, at, newline)) {
      gilloc_request_free(request);
      return NULL;
    }
    at = newline + 1;
  }
  return request;
}

void gilloc_request_free(struct gilloc_request *request)
{
  for (struct gilloc_pair *pair = request->pairs, *next; pair != NULL; pair = next) {
    next = pair->next;
    gilloc_free(pair->key);
    gilloc_free(pair->value);
    gilloc_free(pair);
  }
  gilloc_free(request);
}

static char *append(struct gilloc_reply *reply, size_t *capacity, size_t more)
{
  while (*capacity - reply->size < more) {
    *capacity *= 2;
    reply->bytes = gilloc_need(gilloc_realloc(reply->bytes, *capacity));
  }
  char *at = reply->bytes + reply->size;
  reply->size += more;
  return at;
}

struct gilloc_reply gilloc_request_answer(const struct gilloc_request *request)
{
  struct gilloc_wire_header header = request->header;
  size_t capacity = FIRST_REPLY_SIZE;
  struct gilloc_reply reply = {.bytes = gilloc_need(gilloc_malloc(capacity))};
  append(&reply, &capacity, sizeof header);
  for (const struct gilloc_pair *pair = request->pairs; pair != NULL; pair = pair->next) {
    size_t key = strlen(pair->key);
    size_t value = strlen(pair->value);
    char *line = append(&reply, &capacity, key + value + 2);
    memcpy(line, pair->key, key);
    line[key] = '=';
    memcpy(line + key + 1, pair->value, value);
    line[key + value + 1] = '\n';
    header.digest += gilloc_digest_bytes(line, key + value + 2);
  }
  header.magic = GILLOC_WIRE_REPLY;
  header.body_size = (uint32_t)(reply.size - sizeof header);
  memcpy(reply.bytes, &header, sizeof header);
  return reply;
}
