/* SPDX-License-Identifier: MIT
 *
 * timeline_rings.c: see timeline_rings.h.
 */
#include "timeline_rings.h"

#include "timeline_wire.h"

#include <gilloc/gilloc.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool gilloc_timeline_rings_init(struct gilloc_timeline_rings *rings, unsigned lanes)
{
  rings->count = lanes;
  rings->rings = calloc(lanes, sizeof *rings->rings);
  rings->storage = calloc((size_t)lanes * GILLOC_TIMELINE_RING_WORDS, sizeof *rings->storage);
  return rings->rings != NULL && rings->storage != NULL;
}

void gilloc_timeline_rings_fini(struct gilloc_timeline_rings *rings)
{
  free(rings->rings);
  free(rings->storage);
}

void gilloc_timeline_rings_start(struct gilloc_timeline_rings *rings, unsigned number)
{
  if (rings != NULL)
    gilloc_timeline_start(&rings->rings[number], rings->storage + (size_t)number * GILLOC_TIMELINE_RING_WORDS,
                          GILLOC_TIMELINE_RING_WORDS);
}

static bool put(FILE *file, const void *bytes, size_t size)
{
  return fwrite(bytes, size, 1, file) == 1;
}

/* `events` has room for a whole ring. */
static bool put_thread(FILE *file, const struct gilloc_timeline *ring, const struct gilloc_lane *lane,
                       struct gilloc_timeline_event *events)
{
  static const char *const roles[] = {
      [GILLOC_ROLE_CPU] = "cpu", [GILLOC_ROLE_SERVICE] = "service", [GILLOC_ROLE_ALLOC] = "alloc"};
  struct gilloc_timeline_reading reading = {0, 0};
  if (ring->written > 0)
    reading = gilloc_timeline_read(ring, events, GILLOC_TIMELINE_RING_WORDS);
  struct gilloc_timeline_wire_thread thread = {.dropped = reading.dropped, .count = reading.count};
  (void)snprintf(thread.name, sizeof thread.name, "%s %u", roles[lane->role], lane->index + 1);
  bool good = put(file, &thread, sizeof thread);
  for (size_t i = 0; good && i < reading.count; i++)
    good = put(file, &(struct gilloc_timeline_wire_event){events[i].at_ns, events[i].kind},
               sizeof(struct gilloc_timeline_wire_event));
  return good;
}

static bool put_all(FILE *file, const struct gilloc_timeline_rings *rings, const struct gilloc_lanes *lanes,
                    const struct gilloc_window *window)
{
  struct gilloc_timeline_wire_head head = {.magic = gilloc_timeline_wire_magic,
                                           .start_ns = window->start_ns,
                                           .length_ns = (uint64_t)(window->seconds * 1e9),
                                           .threads = rings->count};
  if (strcmp(gilloc_flavour().strategy, "gil") == 0)
    (void)snprintf(head.guard, sizeof head.guard, "%s, %llu us", gilloc_gil_policy(),
                   (unsigned long long)gilloc_gil_interval());
  else
    (void)snprintf(head.guard, sizeof head.guard, "no GIL");
  struct gilloc_timeline_event *events = calloc(GILLOC_TIMELINE_RING_WORDS, sizeof *events);
  bool good = events != NULL && put(file, &head, sizeof head);
  for (unsigned i = 0; good && i < rings->count; i++)
    good = put_thread(file, &rings->rings[i], &lanes->lanes[i], events);
  free(events);
  return good;
}

bool gilloc_timeline_rings_write(const struct gilloc_timeline_rings *rings, const struct gilloc_lanes *lanes,
                                 const struct gilloc_window *window, const char *path)
{
  FILE *file = fopen(path, "we");
  bool good = file != NULL && put_all(file, rings, lanes, window);
  if (file != NULL && fclose(file) != 0)
    good = false;
  if (!good)
    fprintf(stderr, "gilloc-worker: --timeline: cannot write %s: %s\n", path, strerror(errno));
  return good;
}
