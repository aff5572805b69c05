/* SPDX-License-Identifier: MIT
 *
 * machine.h: where a lab ran: what a reader needs to judge its figures or to repeat them. Everything is
 * read from Linux; what it does not say is "unknown".
 */
#ifndef GILLOC_LAB_MACHINE_H
#define GILLOC_LAB_MACHINE_H

#include <stdint.h>

enum { GILLOC_MACHINE_TEXT = 128 };

struct gilloc_machine {
  char cpu[GILLOC_MACHINE_TEXT];
  char kernel[GILLOC_MACHINE_TEXT]; /* name, release, architecture */
  char libc[GILLOC_MACHINE_TEXT];
  char governor[GILLOC_MACHINE_TEXT];
  char huge_pages[GILLOC_MACHINE_TEXT]; /* the kernel's transparent ones: "always", "madvise" or "never" */
  char date[GILLOC_MACHINE_TEXT];       /* ISO 8601, UTC, of the start */
  const char *compiler;                 /* of the command and the workers */
  unsigned cores_online;
  unsigned cores_usable; /* the affinity mask's */
  double load[3];        /* averages over 1, 5 and 15 minutes, before the first run */
  uint64_t page_size;
  uint64_t memory; /* bytes */
};

struct gilloc_machine gilloc_machine_read(void);

/* Processor time since boot, in seconds over all cores; 0 where Linux does not say. */
struct gilloc_machine_time {
  double busy;   /* of all programs and the kernel */
  double stolen; /* by the hypervisor */
};

struct gilloc_machine_time gilloc_machine_time(void);

#endif
