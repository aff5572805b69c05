/* SPDX-License-Identifier: MIT
 *
 * fidelity_options.h: what was asked of `gilloc fidelity`, checked.
 */
#ifndef GILLOC_FIDELITY_OPTIONS_H
#define GILLOC_FIDELITY_OPTIONS_H

#include "fidelity_cells.h"
#include "fidelity_programs.h"

#include <stdint.h>

struct gilloc_fidelity_options {
  bool only[GILLOC_FIDELITY_EXPERIMENTS];
  bool policies[GILLOC_FIDELITY_POLICIES_MAX]; /* of the programs' list */
  unsigned rounds;
  bool quick;
  uint64_t seed;
  char *python;    /* as given, or NULL */
  char *json_path; /* or NULL */
};

/* Refuses what makes no sense. `programs` is filled as far as our side goes. */
struct gilloc_fidelity_options gilloc_fidelity_options_parse(int argc, const char **argv,
                                                             struct gilloc_fidelity_programs *programs);
void gilloc_fidelity_options_fini(struct gilloc_fidelity_options *options);

#endif
