/* SPDX-License-Identifier: MIT
 *
 * pair_acquire_release.c: N times gilloc_gil_acquire + gilloc_gil_release, uncontended, for
 * count_instructions.sh: how many instructions a pair costs, with `record` as second argument while this
 * thread records its timeline.
 */
#include <gilloc/gil.h>
#include <gilloc/timeline.h>
#include <stdlib.h>

enum { CAPACITY = 1024 };

int main(int argc, char **argv)
{
  static uint64_t storage[CAPACITY];
  static struct gilloc_timeline timeline;
  unsigned long pairs = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
  if (argc > 2)
    gilloc_timeline_start(&timeline, storage, CAPACITY);
  for (unsigned long i = 0; i < pairs; i++) {
    gilloc_gil_acquire();
    gilloc_gil_release();
  }
  return argc > 2 && pairs > 0 && timeline.written == 0;
}
