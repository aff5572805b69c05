/* SPDX-License-Identifier: MIT
 *
 * replay_stamp.c: see replay_stamp.h.
 */
#include "replay_stamp.h"

#include <string.h>

static const size_t WHOLE_MAX = 1048576;
static const size_t EDGE = 65536;

struct range {
  size_t begin;
  size_t end;
};

/* The parts of a block of `size` bytes that carry a stamp; the second is empty in all but large ones. */
static void ranges_of(size_t size, struct range ranges[2])
{
  ranges[0] = (struct range){0, size > WHOLE_MAX ? EDGE : size};
  ranges[1] = (struct range){size > WHOLE_MAX ? (size - EDGE) & ~(size_t)7 : size, size};
}

static inline uint64_t word_at(uint64_t key, size_t offset)
{
  return key + offset * UINT64_C(0x9e3779b97f4a7c15);
}

static void write_range(char *block, struct range range, uint64_t key)
{
  size_t at = range.begin;
  for (; at + sizeof key <= range.end; at += sizeof key) {
    uint64_t word = word_at(key, at);
    memcpy(block + at, &word, sizeof word);
  }
  uint64_t word = word_at(key, at);
  memcpy(block + at, &word, range.end - at);
}

static bool range_is_whole(const char *block, struct range range, uint64_t key)
{
  uint64_t difference = 0;
  size_t at = range.begin;
  for (; at + sizeof key <= range.end; at += sizeof key) {
    uint64_t word;
    memcpy(&word, block + at, sizeof word);
    difference |= word ^ word_at(key, at);
  }
  uint64_t word = word_at(key, at);
  return difference == 0 && (at >= range.end || memcmp(block + at, &word, range.end - at) == 0);
}

void gilloc_replay_stamp(void *block, size_t size, uint64_t key)
{
  struct range ranges[2];
  ranges_of(size, ranges);
  for (int i = 0; i < 2; i++) {
    if (ranges[i].begin < ranges[i].end)
      write_range(block, ranges[i], key);
  }
}

bool gilloc_replay_stamp_is_whole(const void *block, size_t size, size_t kept, uint64_t key)
{
  struct range ranges[2];
  ranges_of(size, ranges);
  for (int i = 0; i < 2; i++) {
    size_t end = ranges[i].end < kept ? ranges[i].end : kept;
    if (ranges[i].begin < end && !range_is_whole(block, (struct range){ranges[i].begin, end}, key))
      return false;
  }
  return true;
}

bool gilloc_replay_stamp_is_zero(const void *block, size_t size)
{
  struct range ranges[2];
  ranges_of(size, ranges);
  unsigned char any = 0;
  for (int i = 0; i < 2; i++) {
    for (size_t at = ranges[i].begin; at < ranges[i].end; at++)
      any |= ((const unsigned char *)block)[at];
  }
  return any == 0;
}
