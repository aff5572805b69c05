/* SPDX-License-Identifier: MIT
 *
 * timeline_strip.h: a run's timeline as text: a row a thread, a column a stretch of time, a glyph for what
 * the thread did in it; beneath, what each thread's time went into. After David Beazley's pictures of the
 * GIL.
 */
#ifndef GILLOC_LAB_TIMELINE_STRIP_H
#define GILLOC_LAB_TIMELINE_STRIP_H

#include "timeline_model.h"

#include <stdio.h>

struct gilloc_timeline_view {
  uint64_t from_ns;
  uint64_t to_ns; /* later; the end of the run where that is earlier */
  unsigned width; /* characters a line, at least GILLOC_TIMELINE_WIDTH_MIN */
  bool utf8;      /* else ASCII */
  bool colours;
};

enum { GILLOC_TIMELINE_WIDTH_MIN = 40, GILLOC_TIMELINE_WIDTH_MAX = 1000 };

/* A run that is over before the view begins is not drawn: false. */
bool gilloc_timeline_draw(const struct gilloc_timeline_run *run, const struct gilloc_timeline_view *view,
                          FILE *out);
/* What the glyphs mean. */
void gilloc_timeline_draw_legend(const struct gilloc_timeline_view *view, FILE *out);

#endif
