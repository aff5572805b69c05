/* SPDX-License-Identifier: MIT
 *
 * progress.h: one line on a terminal's standard error that is rewritten before every run and wiped at
 * the end. Silent where standard error is not a terminal.
 */
#ifndef GILLOC_LAB_PROGRESS_H
#define GILLOC_LAB_PROGRESS_H

#include <stddef.h>

/* Run number `done` of `all` begins; it is `what`; the rest takes about `left_s` seconds. */
void gilloc_progress_show(size_t done, size_t all, double left_s, const char *what);
void gilloc_progress_wipe(void);

#endif
