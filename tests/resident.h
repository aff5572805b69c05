/* SPDX-License-Identifier: MIT
 *
 * resident.h: how much of the process is resident, for tests that wait for it to fall.
 */
#ifndef GILLOC_TESTS_RESIDENT_H
#define GILLOC_TESTS_RESIDENT_H

#include "expect.h"
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Without a stream: a sanitizer keeps each one's memory for a while, and this is asked again and again. */
static inline size_t resident_bytes(void)
{
  unsigned long resident = 0;
  char text[128] = "";
  int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  EXPECT_TRUE(read(file, text, sizeof text - 1) > 0);
  close(file);
  EXPECT_EQ(sscanf(text, "%*u %lu", &resident), 1);
  return resident * TEST_PAGE;
}

#endif
