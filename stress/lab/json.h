/* SPDX-License-Identifier: MIT
 *
 * json.h: the lab for programs: schema "gilloc-lab" version 1, described in docs/lab.md. It holds every
 * run's own report beside what was computed from them, so that a reader can compute differently. A field
 * may be added within a version; a change of meaning or a removal makes a new version.
 */
#ifndef GILLOC_LAB_JSON_H
#define GILLOC_LAB_JSON_H

#include "summary.h"

/* The document as text with a final newline, a new string. */
char *gilloc_json_make(const struct gilloc_summary *summary);

#endif
