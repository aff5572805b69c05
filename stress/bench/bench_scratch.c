/* SPDX-License-Identifier: MIT
 *
 * bench_scratch.c: the folder.
 */
#include "bench_scratch.h"

#include "message.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { OPEN_FOLDERS = 16, OTHERS_MAY_ENTER = 0711 };

struct gilloc_bench_scratch gilloc_bench_scratch_make(void)
{
  const char *parent = getenv("TMPDIR");
  char *path = gilloc_message_format("%s/gilloc-bench-XXXXXX", parent && *parent == '/' ? parent : "/tmp");
  /* Servers that refuse to be root run as somebody else, and have to get into their own folder below. */
  if (!mkdtemp(path) || chmod(path, OTHERS_MAY_ENTER) != 0)
    gilloc_message_fail(GILLOC_STATUS_FAILED,
                        "cannot make a folder %s: %s; set TMPDIR to one you may write to", path,
                        strerror(errno));
  return (struct gilloc_bench_scratch){path};
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
  (void)status;
  (void)kind;
  (void)place;
  (void)remove(path);
  return 0;
}

void gilloc_bench_scratch_fini(struct gilloc_bench_scratch *scratch)
{
  if (scratch->path)
    (void)nftw(scratch->path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
  free(scratch->path);
  scratch->path = NULL;
}
