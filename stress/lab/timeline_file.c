/* SPDX-License-Identifier: MIT
 *
 * timeline_file.c: which form a name asks for, and writing the file.
 */
#include "timeline_file.h"

#include "message.h"
#include "target.h"

#include <stdlib.h>
#include <string.h>

const char gilloc_timeline_known_forms[] = ".json (Chrome), .pftrace and .perfetto-trace (Perfetto)";

gilloc_timeline_writer *gilloc_timeline_writer_for(const char *path)
{
  static const struct {
    const char *end;
    gilloc_timeline_writer *writer;
  } forms[] = {{".json", gilloc_timeline_write_json},
               {".pftrace", gilloc_timeline_write_perfetto},
               {".perfetto-trace", gilloc_timeline_write_perfetto}};
  const char *slash = strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    const char *dot = strrchr(name, '.');
    if (dot && strcmp(dot, forms[i].end) == 0)
      return forms[i].writer;
  }
  return NULL;
}

bool gilloc_timeline_write(const struct gilloc_timeline_trace *trace, gilloc_timeline_writer *writer,
                           const char *path)
{
  char *text = NULL;
  size_t length = 0;
  FILE *out = gilloc_message_need(open_memstream(&text, &length));
  writer(trace, out);
  if (fclose(out) != 0)
    gilloc_message_need(NULL);
  bool written = gilloc_target_write(path, text, length);
  free(text);
  return written;
}
