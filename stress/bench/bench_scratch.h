/* SPDX-License-Identifier: MIT
 *
 * bench_scratch.h: a folder for the real programs' files, which goes when the bench ends.
 */
#ifndef GILLOC_BENCH_SCRATCH_H
#define GILLOC_BENCH_SCRATCH_H

struct gilloc_bench_scratch {
  char *path;
};

/* Below TMPDIR, or /tmp. Ends the command where that is not possible. */
struct gilloc_bench_scratch gilloc_bench_scratch_make(void);
/* Removes the folder and what is in it. */
void gilloc_bench_scratch_fini(struct gilloc_bench_scratch *scratch);

#endif
