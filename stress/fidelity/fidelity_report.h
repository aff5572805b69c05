/* SPDX-License-Identifier: MIT
 *
 * fidelity_report.h: the result of `gilloc fidelity` for people and for programs. docs/fidelity.md tells how
 * to read the one and gives the schema of the other ("gilloc-fidelity", version 1).
 */
#ifndef GILLOC_FIDELITY_REPORT_H
#define GILLOC_FIDELITY_REPORT_H

#include "fidelity_measure.h"
#include "machine.h"

#include <stdio.h>

void gilloc_fidelity_report_print(const struct gilloc_fidelity_measurement *measurement,
                                  const struct gilloc_machine *machine, FILE *out);

/* The document as text with a final newline, a new string. */
char *gilloc_fidelity_json_make(const struct gilloc_fidelity_measurement *measurement,
                                const struct gilloc_machine *machine);

/* The bar for a faithful emulation: round trips within 0.5 to 2 times CPython's in every cell of pingpong,
 * and the losses within an order of magnitude. */
struct gilloc_fidelity_bar {
  unsigned cells, within; /* of pingpong that have a ratio */
  unsigned loss_cells, loss_within;
  bool measured; /* there is a CPython, its policy was run, and pingpong was */
};

struct gilloc_fidelity_bar gilloc_fidelity_bar(const struct gilloc_fidelity_measurement *measurement);

#endif
