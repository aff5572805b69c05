/* SPDX-License-Identifier: MIT
 *
 * run.h: `gilloc run`: an unmodified program on a flavour, by LD_PRELOAD.
 */
#ifndef GILLOC_LAB_RUN_H
#define GILLOC_LAB_RUN_H

/* argv[0] is the subcommand's name. Becomes the program and does not return; where that is impossible it
 * ends with one line and the shell's status: 127 not found, 126 not executable, 2 for a wrong request. */
int gilloc_run_main(int argc, const char **argv);

#endif
