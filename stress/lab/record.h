/* SPDX-License-Identifier: MIT
 *
 * record.h: `gilloc record`: an allocation trace of a program.
 */
#ifndef GILLOC_LAB_RECORD_H
#define GILLOC_LAB_RECORD_H

/* argv[0] is the subcommand's name. Runs the program and returns its status, as the shell has it: 128 + the
 * signal that ended it, 127 where it was not found, 126 where it could not be executed. */
int gilloc_record_main(int argc, const char **argv);

#endif
