/* SPDX-License-Identifier: MIT
 *
 * timeline.h: the subcommand `timeline`: draws what `gilloc lab --timeline` recorded.
 */
#ifndef GILLOC_LAB_TIMELINE_H
#define GILLOC_LAB_TIMELINE_H

/* Returns the command's exit status. */
int gilloc_timeline_main(int argc, const char **argv);

#endif
