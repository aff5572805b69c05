/* SPDX-License-Identifier: MIT
 *
 * fidelity_calibrate.h: how much of our work makes up a piece of CPython's, so that both sides check in as
 * often and hold the GIL as long. Measured once, before the first round, by a worker of each side.
 */
#ifndef GILLOC_FIDELITY_CALIBRATE_H
#define GILLOC_FIDELITY_CALIBRATE_H

#include "fidelity_programs.h"

#include <stdbool.h>

/* Nanoseconds by themselves, undisturbed. */
struct gilloc_fidelity_calibration {
  bool measured;    /* CPython's figures are this machine's; else they are typical ones */
  double spin;      /* an iteration of CPython's spinner, one checkpoint */
  double countdown; /* an iteration of its countdown, one checkpoint, in a function that is called often */
  double countdown_once; /* ... and in one that is called once, which an interpreter may not have made fast */
  double hold_item;      /* an element of a sum over a range, no checkpoint */
  double release_byte;   /* a byte of zlib.compress, without the GIL */
  double io_call;        /* what the interpreter adds to recvfrom or sendto, with the GIL */
  double step;           /* a step of our work */
  double loop;           /* our loop around it, with its checkpoint */
};

struct gilloc_fidelity_calibration gilloc_fidelity_calibrate(const struct gilloc_fidelity_programs *programs);

/* The number after `name` and a blank at the start of a line of `text`; NaN where there is none. */
double gilloc_fidelity_find_figure(const char *text, const char *name);

#endif
