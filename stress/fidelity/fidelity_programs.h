/* SPDX-License-Identifier: MIT
 *
 * fidelity_programs.h: the programs that `gilloc fidelity` starts: our worker and the peer, found beside the
 * command, and a Python, found in PATH or as the user says; and how one of them is run.
 */
#ifndef GILLOC_FIDELITY_PROGRAMS_H
#define GILLOC_FIDELITY_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>

enum { GILLOC_FIDELITY_POLICIES_MAX = 16 };

struct gilloc_fidelity_programs {
  char *worker;  /* gilloc-fidelity-gil */
  char *peer;    /* gilloc-fidelity-peer */
  char *scripts; /* the folder of real_*.py */
  char *policies[GILLOC_FIDELITY_POLICIES_MAX];
  size_t policy_count;
  char *python;         /* the interpreter's own path; NULL where there is none */
  char *python_version; /* "3.11.2" */
  bool python_ticks;    /* CPython 2: its policy is `ticks`, not `interval` */
  char *python_missing; /* why there is none */
};

/* Finds our side and asks it for its policies; refuses where this build has none. */
void gilloc_fidelity_programs_find(struct gilloc_fidelity_programs *programs);

/* Finds a Python: `path`, which is refused where it does not work, or python3 in PATH, which may be missing.
 */
void gilloc_fidelity_programs_find_python(struct gilloc_fidelity_programs *programs, const char *path);

void gilloc_fidelity_programs_fini(struct gilloc_fidelity_programs *programs);

#endif
