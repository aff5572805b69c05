/* SPDX-License-Identifier: MIT
 *
 * main.c: the `gilloc` command: which subcommand was meant.
 */
#include "bench.h"
#include "fidelity.h"
#include "lab.h"
#include "message.h"
#include "record.h"
#include "replay.h"
#include "run.h"
#include "timeline.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: gilloc COMMAND [OPTION...]\n"
    "\n"
    "An arena/pool/block allocator under a global interpreter lock or under fine locks, and the lab that\n"
    "compares them.\n"
    "\n"
    "Commands:\n"
    "  lab       run thread workloads on each flavour and compare them\n"
    "  run       run a program with its malloc replaced by a flavour\n"
    "  record    write a program's allocations into a trace\n"
    "  replay    carry a trace out on a flavour\n"
    "  timeline  draw who held the GIL and who waited, as the lab recorded it\n"
    "  bench     compare a flavour with other allocators\n"
    "  fidelity  hold the GIL's policies beside the GIL of the CPython on this machine\n"
    "\n"
    "Options:\n"
    "  -?, --help     this text; `gilloc COMMAND --help` for a command's options\n"
    "      --version  the version\n";

/* Prints to standard output; 1 if that was not possible. */
static int print(const char *text)
{
  if (fputs(text, stdout) < 0 || fflush(stdout) != 0)
    gilloc_message_fail(GILLOC_STATUS_FAILED, "cannot write to standard output");
  return GILLOC_STATUS_OK;
}

/* A subcommand sees its whole name where a program sees its own. */
static int enter(int argc, char **argv, const char *name, int (*subcommand)(int, const char **))
{
  const char **rest = (const char **)(argv + 1);
  rest[0] = name;
  return subcommand(argc - 1, rest);
}

int main(int argc, char **argv)
{
  const char *command = argc > 1 ? argv[1] : "";
  if (strcmp(command, "lab") == 0)
    return enter(argc, argv, "gilloc lab", gilloc_lab_main);
  if (strcmp(command, "run") == 0)
    return enter(argc, argv, "gilloc run", gilloc_run_main);
  if (strcmp(command, "record") == 0)
    return enter(argc, argv, "gilloc record", gilloc_record_main);
  if (strcmp(command, "replay") == 0)
    return enter(argc, argv, "gilloc replay", gilloc_replay_main);
  if (strcmp(command, "timeline") == 0)
    return enter(argc, argv, "gilloc timeline", gilloc_timeline_main);
  if (strcmp(command, "bench") == 0)
    return enter(argc, argv, "gilloc bench", gilloc_bench_main);
  if (strcmp(command, "fidelity") == 0)
    return enter(argc, argv, "gilloc fidelity", gilloc_fidelity_main);
  if (strcmp(command, "--help") == 0 || strcmp(command, "-?") == 0 || strcmp(command, "-h") == 0)
    return print(usage);
  if (strcmp(command, "--version") == 0)
    return print("gilloc " GILLOC_DRIVER_VERSION "\n");
  if (!*command)
    gilloc_message_refuse("a command is missing: lab, run, record, replay, timeline, bench or fidelity; "
                          "`gilloc --help` says more");
  gilloc_message_refuse("unknown command '%s'; known are lab, run, record, replay, timeline, bench, fidelity",
                        command);
}
