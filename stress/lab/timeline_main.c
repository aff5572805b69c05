/* SPDX-License-Identifier: MIT
 *
 * timeline_main.c: the subcommand `timeline`: its options, and the terminal it draws on.
 */
#include "arguments.h"
#include "message.h"
#include "timeline.h"
#include "timeline_file.h"
#include "timeline_strip.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <popt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Where standard output is no terminal. */
enum { WIDTH_DEFAULT = 100 };

static const double ms_max = 3600000;

struct request {
  struct gilloc_timeline_view view;
  char *from, *to, *width; /* as given, or NULL */
  const char *path;
};

static uint64_t parse_ms(const char *option, const char *text)
{
  char *end = NULL;
  double value = strtod(text, &end);
  if (end == text || !strchr("0123456789.", *text) || *end || !isfinite(value) || value > ms_max)
    gilloc_message_refuse("timeline: %s: '%s' is not a number of milliseconds from 0 to %.0f", option, text,
                          ms_max);
  return (uint64_t)(value * 1e6);
}

static unsigned terminal_width(void)
{
  struct winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return WIDTH_DEFAULT;
  if (size.ws_col < GILLOC_TIMELINE_WIDTH_MIN)
    return GILLOC_TIMELINE_WIDTH_MIN;
  return size.ws_col < GILLOC_TIMELINE_WIDTH_MAX ? size.ws_col : GILLOC_TIMELINE_WIDTH_MAX;
}

static unsigned parse_width(const char *text)
{
  const unsigned long long range[] = {GILLOC_TIMELINE_WIDTH_MIN, GILLOC_TIMELINE_WIDTH_MAX};
  return (unsigned)gilloc_arguments_number("timeline: --width", text, range);
}

static void settle_view(struct request *request)
{
  const char *no_colour = getenv("NO_COLOR");
  struct gilloc_timeline_view *view = &request->view;
  view->from_ns = request->from ? parse_ms("--from", request->from) : 0;
  view->to_ns = request->to ? parse_ms("--to", request->to) : UINT64_MAX;
  if (view->from_ns >= view->to_ns)
    gilloc_message_refuse("timeline: --to: %s is not later than --from, %s", request->to,
                          request->from ? request->from : "0");
  view->width = request->width ? parse_width(request->width) : terminal_width();
  (void)setlocale(LC_CTYPE, "");
  view->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  view->colours = isatty(STDOUT_FILENO) && !(no_colour && *no_colour);
}

static void parse(struct request *request, int argc, const char **argv)
{
  const struct poptOption table[] = {
      {"from", '\0', POPT_ARG_STRING, &request->from, 0,
       "where the strips begin, in ms after the start of the measured window (default: 0)", "MS"},
      {"to", '\0', POPT_ARG_STRING, &request->to, 0, "where they end (default: the end of the run)", "MS"},
      {"width", '\0', POPT_ARG_STRING, &request->width, 0,
       "characters a line, 40 to 1000 (default: the terminal's, else 100)", "NUMBER"},
      POPT_AUTOHELP POPT_TABLEEND};
  const struct gilloc_arguments arguments = {"timeline", "[OPTION...] FILE", 0, argc, argv};
  poptContext context = gilloc_arguments_read(&arguments, table);
  const char **rest = poptGetArgs(context);
  if (!rest || !rest[0] || rest[1])
    gilloc_message_refuse("timeline: name one file, written by `gilloc lab --timeline FILE.json`");
  if (gilloc_timeline_writer_for(rest[0]) == gilloc_timeline_write_perfetto)
    gilloc_message_refuse(
        "timeline: '%s' is for Perfetto (ui.perfetto.dev); this command draws what `gilloc lab "
        "--timeline FILE.json` wrote",
        rest[0]);
  request->path = gilloc_message_need(strdup(rest[0]));
  settle_view(request);
  poptFreeContext(context);
}

int gilloc_timeline_main(int argc, const char **argv)
{
  struct request request = {.path = NULL};
  parse(&request, argc, argv);
  struct gilloc_timeline_trace trace = gilloc_timeline_read_json(request.path);
  bool any = false;
  for (size_t i = 0; i < trace.count; i++)
    any = gilloc_timeline_draw(&trace.runs[i], &request.view, stdout) || any;
  if (!any && trace.count > 0)
    gilloc_message_refuse("timeline: --from: every run in '%s' is over by then", request.path);
  if (!any)
    gilloc_message_refuse("timeline: '%s' holds no run with threads", request.path);
  gilloc_timeline_draw_legend(&request.view, stdout);
  gilloc_timeline_fini(&trace);
  if (fflush(stdout) != 0 || ferror(stdout))
    gilloc_message_fail(GILLOC_STATUS_FAILED, "cannot write to standard output: %s", strerror(errno));
  free((char *)request.path);
  free(request.from);
  free(request.to);
  free(request.width);
  return GILLOC_STATUS_OK;
}
