/* SPDX-License-Identifier: MIT
 *
 * fidelity.h: the subcommand `fidelity`, which stands in stress/fidelity/: the GIL beside CPython's.
 */
#ifndef GILLOC_LAB_FIDELITY_H
#define GILLOC_LAB_FIDELITY_H

/* argv[0] is the name for messages. Returns an exit status or ends the command. */
int gilloc_fidelity_main(int argc, const char **argv);

#endif
