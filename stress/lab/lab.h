/* SPDX-License-Identifier: MIT
 *
 * lab.h: `gilloc lab`: ask, measure, summarise, write, print. The result file is written before the
 * table is printed, so a reader that goes away early (a pager) does not cost the measurement.
 */
#ifndef GILLOC_LAB_LAB_H
#define GILLOC_LAB_LAB_H

/* argv[0] is the subcommand's name. Returns the exit status: 0, or 1 if a run failed or was not
 * verified; a request that makes no sense ends the command with 2. */
int gilloc_lab_main(int argc, const char **argv);

#endif
