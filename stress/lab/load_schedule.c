/* SPDX-License-Identifier: MIT
 *
 * load_schedule.c: see load_schedule.h. Request number n is drawn from stream n of the seed, so that each
 * can be drawn alone. Sessions are drawn so that a quarter of them make most of the requests.
 */
#include "load_schedule.h"

#include "digest.h"

#include <math.h>
#include <string.h>

enum {
  SESSIONS = 4096,
  LEAST_PAIRS = 2,
  MORE_PAIRS = 22,
  LEAST_KEY = 3,
  MORE_KEY = 10,
  LEAST_VALUE = 1,
  MORE_VALUE = 40,
  CHECKED_REQUESTS = 1024
};
_Static_assert(sizeof(struct gilloc_wire_header) +
                       (LEAST_PAIRS + MORE_PAIRS) * (LEAST_KEY + MORE_KEY + LEAST_VALUE + MORE_VALUE + 2) <=
                   GILLOC_WIRE_MAX,
               "the largest request fits into a datagram");

/* Stream numbers from here on are not those of requests. */
static const uint64_t GAP_STREAM = UINT64_MAX;

static void plan_next(struct gilloc_load_schedule *schedule)
{
  /* Evenly in (0, 1]. */
  double u = ((double)(gilloc_prng_next(&schedule->gaps) >> 11) + 1) * 0x1p-53;
  schedule->due_ns += (uint64_t)(-log(u) * schedule->gap_ns);
}

void gilloc_load_schedule_init(struct gilloc_load_schedule *schedule, uint64_t seed, uint32_t rate)
{
  *schedule = (struct gilloc_load_schedule){.seed = seed, .gap_ns = 1e9 / rate};
  schedule->gaps = gilloc_prng_stream(seed, GAP_STREAM);
  plan_next(schedule);
}

static char *draw_letters(struct gilloc_prng *dice, char *at, uint32_t count)
{
  while (count-- > 0)
    *at++ = (char)('a' + gilloc_prng_below(dice, 26));
  return at;
}

/* The digest of the line as the reply must have it: the value in upper case. */
static uint64_t reply_line_digest(const char *line, const char *equals, const char *end)
{
  char expected[GILLOC_WIRE_MAX];
  size_t size = (size_t)(end - line);
  for (size_t i = 0; i < size; i++)
    expected[i] = (char)(line + i > equals && line[i] >= 'a' ? line[i] - 'a' + 'A' : line[i]);
  return gilloc_digest_bytes(expected, size);
}

static void draw_request(uint64_t seed, struct gilloc_load_request *request)
{
  struct gilloc_prng dice = gilloc_prng_stream(seed, request->sequence);
  uint32_t popular = gilloc_prng_below(&dice, SESSIONS);
  request->session = gilloc_prng_below(&dice, 1 + popular);
  request->digest = 0;
  char *body = request->bytes + sizeof(struct gilloc_wire_header);
  char *at = body;
  for (uint32_t pairs = LEAST_PAIRS + gilloc_prng_below(&dice, MORE_PAIRS + 1); pairs > 0; pairs--) {
    char *line = at;
    at = draw_letters(&dice, at, LEAST_KEY + gilloc_prng_below(&dice, MORE_KEY + 1));
    char *equals = at;
    *at++ = '=';
    at = draw_letters(&dice, at, LEAST_VALUE + gilloc_prng_below(&dice, MORE_VALUE + 1));
    *at++ = '\n';
    request->digest += reply_line_digest(line, equals, at);
  }
  struct gilloc_wire_header header = {.magic = GILLOC_WIRE_REQUEST,
                                      .body_size = (uint32_t)(at - body),
                                      .sequence = request->sequence,
                                      .session = request->session};
  memcpy(request->bytes, &header, sizeof header);
  request->size = (size_t)(at - request->bytes);
}

void gilloc_load_schedule_next(struct gilloc_load_schedule *schedule, struct gilloc_load_request *request)
{
  request->sequence = schedule->sequence++;
  draw_request(schedule->seed, request);
  plan_next(schedule);
}

bool gilloc_load_reply_digest(const char *body, size_t size, uint64_t *digest)
{
  const char *end = body + size;
  const char *last = NULL;
  size_t last_size = 0;
  *digest = 0;
  for (const char *line = body; line < end;) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    if (newline == NULL)
      return false;
    size_t line_size = (size_t)(newline + 1 - line);
    if (last != NULL) {
      size_t common = last_size < line_size ? last_size : line_size;
      if (memcmp(last, line, common) > 0)
        return false;
    }
    *digest += gilloc_digest_bytes(line, line_size);
    last = line;
    last_size = line_size;
    line = newline + 1;
  }
  return true;
}

uint64_t gilloc_load_schedule_checksum(uint64_t seed)
{
  struct gilloc_load_request request;
  uint64_t digest = GILLOC_DIGEST_START;
  for (request.sequence = 0; request.sequence < CHECKED_REQUESTS; request.sequence++) {
    draw_request(seed, &request);
    digest = gilloc_digest_fold(digest, request.digest);
  }
  return digest;
}
