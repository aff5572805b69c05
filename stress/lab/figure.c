/* SPDX-License-Identifier: MIT
 *
 * figure.c: numbers for people.
 */
#include "figure.h"

#include "message.h"

#include <math.h>
#include <stddef.h>

/* One unit and how many of the smallest it is worth. */
struct scale {
  const char *name;
  double worth;
};

static char *scaled(double value, const struct scale *scales, size_t count)
{
  if (isnan(value))
    return gilloc_message_format("-");
  size_t chosen = 0;
  /* 999.5 would be printed as 1000 of its unit. */
  while (chosen + 1 < count && value >= scales[chosen + 1].worth * 0.9995)
    chosen++;
  double shown = value / scales[chosen].worth;
  int digits = shown < 9.995 ? 2 : shown < 99.95 ? 1 : 0;
  return gilloc_message_format("%.*f%s", digits, shown, scales[chosen].name);
}

char *gilloc_figure_quantity(double value)
{
  static const struct scale scales[] = {{"", 1}, {" k", 1e3}, {" M", 1e6}, {" G", 1e9}};
  return scaled(value, scales, sizeof scales / sizeof *scales);
}

char *gilloc_figure_time(double nanoseconds)
{
  static const struct scale scales[] = {{" ns", 1}, {" us", 1e3}, {" ms", 1e6}, {" s", 1e9}};
  return scaled(nanoseconds, scales, sizeof scales / sizeof *scales);
}

char *gilloc_figure_memory(double bytes)
{
  static const struct scale scales[] = {{" B", 1}, {" KiB", 1024}, {" MiB", 1048576}, {" GiB", 1073741824}};
  return scaled(bytes, scales, sizeof scales / sizeof *scales);
}

char *gilloc_figure_percent(double share)
{
  return isnan(share) ? gilloc_message_format("-")
                      : gilloc_message_format("%.*f %%", share < 0.0995 ? 1 : 0, share * 100);
}

char *gilloc_figure_ratio(double ratio)
{
  static const struct scale scales[] = {{"", 1}};
  return scaled(ratio, scales, 1);
}
