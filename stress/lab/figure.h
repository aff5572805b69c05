/* SPDX-License-Identifier: MIT
 *
 * figure.h: numbers as a person reads them: three significant digits and a unit. All return new strings
 * that the caller frees; NaN becomes "-".
 */
#ifndef GILLOC_LAB_FIGURE_H
#define GILLOC_LAB_FIGURE_H

/* 12345678 -> "12.3 M" */
char *gilloc_figure_quantity(double value);
/* nanoseconds: 5123456 -> "5.12 ms" */
char *gilloc_figure_time(double nanoseconds);
/* bytes: 12345678 -> "11.8 MiB" */
char *gilloc_figure_memory(double bytes);
/* 0.5 -> "50 %" */
char *gilloc_figure_percent(double share);
/* 0.978 -> "0.98", 123.4 -> "123" */
char *gilloc_figure_ratio(double ratio);

#endif
