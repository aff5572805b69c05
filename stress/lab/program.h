/* SPDX-License-Identifier: MIT
 *
 * program.h: what kind of file a command name leads to, as far as LD_PRELOAD cares.
 */
#ifndef GILLOC_LAB_PROGRAM_H
#define GILLOC_LAB_PROGRAM_H

/* The file that `command` names, found as execvp(3) finds it: a new string, or NULL. */
char *gilloc_program_find(const char *command);

/* Why the dynamic linker would not preload a library into the program in this file (it is statically
 * linked, of another architecture, or gains privileges), or NULL where nothing speaks against it. A
 * script is judged by its interpreter. The text is static. */
const char *gilloc_program_obstacle(const char *path);

#endif
