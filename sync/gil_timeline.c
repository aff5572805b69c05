/* SPDX-License-Identifier: MIT
 *
 * gil_timeline.c: making and reading a ring. Who records into it, and when, is gil.c's affair.
 */
#include "gil_timeline.h"

bool gilloc_timeline_init(struct gilloc_timeline *timeline, uint64_t *storage, size_t capacity)
{
  if (timeline == NULL || storage == NULL || capacity < 2 || (capacity & (capacity - 1)) != 0)
    return false;
  timeline->words = storage;
  timeline->capacity = capacity;
  __atomic_store_n(&timeline->written, 0, __ATOMIC_RELAXED);
  return true;
}

static struct gilloc_timeline_event event_of(uint64_t word)
{
  return (struct gilloc_timeline_event){
      .at_ns = word >> GILLOC_TIMELINE_KIND_BITS,
      .kind = (enum gilloc_timeline_kind)(word & ((1u << GILLOC_TIMELINE_KIND_BITS) - 1))};
}

/* The producer may be in the middle of the event after the last that it announced: so event n is whole if
 * n + capacity is later than that, and the ring's oldest word never counts. */
GILLOC_PUBLIC struct gilloc_timeline_reading gilloc_timeline_read(const struct gilloc_timeline *timeline,
                                                                  struct gilloc_timeline_event *events,
                                                                  size_t room)
{
  /* pairs with the store of `written` in gilloc_timeline_record */
  uint64_t end = __atomic_load_n(&timeline->written, __ATOMIC_ACQUIRE);
  uint64_t most = timeline->capacity > 0 ? timeline->capacity - 1 : 0;
  uint64_t whole = end < most ? end : most;
  uint64_t first = end - (whole < room ? whole : room);
  for (uint64_t n = first; n < end; n++) {
    const uint64_t *word = &timeline->words[n & (timeline->capacity - 1)];
    /* pairs with the store of the word in gilloc_timeline_record */
    events[n - first] = event_of(__atomic_load_n(word, __ATOMIC_ACQUIRE));
  }
  uint64_t now = __atomic_load_n(&timeline->written, __ATOMIC_RELAXED);
  uint64_t valid = now < timeline->capacity ? 0 : now + 1 - timeline->capacity;
  uint64_t lost = valid <= first ? 0 : valid < end ? valid - first : end - first;
  for (uint64_t n = first + lost; n < end && lost > 0; n++)
    events[n - first - lost] = events[n - first];
  return (struct gilloc_timeline_reading){.count = end - first - lost, .dropped = first + lost};
}
