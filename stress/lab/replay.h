/* SPDX-License-Identifier: MIT
 *
 * replay.h: `gilloc replay`: a trace on a flavour.
 */
#ifndef GILLOC_LAB_REPLAY_H
#define GILLOC_LAB_REPLAY_H

/* argv[0] is the subcommand's name. Becomes the flavour's replay program and does not return; where that is
 * impossible it ends with one line. */
int gilloc_replay_main(int argc, const char **argv);

#endif
