/* SPDX-License-Identifier: MIT
 *
 * timeline_file.h: timelines in files. Two forms, told apart by the name's end:
 *
 *   .json                      Chrome's trace event format, read by chrome://tracing, Perfetto, Speedscope
 *   .pftrace, .perfetto-trace  Perfetto's protobuf
 *
 * A run is a process, what a thread does a slice on its track, a moment an instant event. docs/lab.md
 * describes both. `gilloc timeline` reads the first.
 */
#ifndef GILLOC_LAB_TIMELINE_FILE_H
#define GILLOC_LAB_TIMELINE_FILE_H

#include "timeline_model.h"

#include <stdio.h>

/* A form's writer, or NULL where the end of the name is not known. */
typedef void gilloc_timeline_writer(const struct gilloc_timeline_trace *trace, FILE *out);
gilloc_timeline_writer *gilloc_timeline_writer_for(const char *path);
/* The ends that are known, for messages. */
extern const char gilloc_timeline_known_forms[];

gilloc_timeline_writer gilloc_timeline_write_json;
gilloc_timeline_writer gilloc_timeline_write_perfetto;

/* Writes the file, whole or not at all; false, with errno, when it could not. */
bool gilloc_timeline_write(const struct gilloc_timeline_trace *trace, gilloc_timeline_writer *writer,
                           const char *path);

/* Reads a file in the form .json. Whatever is wrong with it ends the command with one line and status 2. */
struct gilloc_timeline_trace gilloc_timeline_read_json(const char *path);

#endif
