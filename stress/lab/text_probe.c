/* SPDX-License-Identifier: MIT
 *
 * text_probe.c: a walk that ends at the first word.
 */
#include "text_probe.h"

#include <ctype.h>
#include <ftw.h>
#include <stdio.h>

enum { OPEN_FOLDERS = 16 };

static bool file_has_word(const char *path)
{
  FILE *file = fopen(path, "re");
  int byte = EOF;
  if (!file)
    return false;
  do
    byte = getc(file);
  while (byte != EOF && !isalnum(byte) && byte < 0x80);
  (void)fclose(file);
  return byte != EOF;
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *place)
{
  (void)place;
  return type == FTW_F && S_ISREG(status->st_mode) && file_has_word(path);
}

bool gilloc_text_probe_has_word(const char *path)
{
  return file_has_word(path) || nftw(path, visit, OPEN_FOLDERS, FTW_PHYS) == 1;
}
