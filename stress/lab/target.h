/* SPDX-License-Identifier: MIT
 *
 * target.h: a result file that is there whole or not at all: the text goes to a temporary file in the
 * same directory, reaches the disk, and is then renamed over the target. Whatever fails on the way takes
 * the temporary file with it.
 */
#ifndef GILLOC_LAB_TARGET_H
#define GILLOC_LAB_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Refuses the value of `option` if it cannot become a regular file: no such directory, no permission there, a
 * directory or a device at the path. Leaves nothing behind. Returns the path to write, symbolic links
 * resolved, as a new string. */
char *gilloc_target_check(const char *option, const char *path);

/* The permissions of the file at `path`, else what any new file would have. */
mode_t gilloc_target_mode(const char *path);

/* Writes the file; false, with errno, when it could not, and then the target is as it was. */
bool gilloc_target_write(const char *path, const char *text, size_t length);

#endif
