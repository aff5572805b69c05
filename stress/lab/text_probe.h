/* SPDX-License-Identifier: MIT
 *
 * text_probe.h: is there any word in a file, or in any file below a folder?
 */
#ifndef GILLOC_LAB_TEXT_PROBE_H
#define GILLOC_LAB_TEXT_PROBE_H

#include <stdbool.h>

/* Reads until it finds a word; follows no symbolic link below `path`. Unreadable files count as wordless. */
bool gilloc_text_probe_has_word(const char *path);

#endif
