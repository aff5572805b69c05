/* SPDX-License-Identifier: MIT
 *
 * early.c: the first to ask for an option is the resolver of an IFUNC, before the C library has an
 * environment. Prints what it was told.
 */
#include <stdint.h>
#include <stdio.h>

int64_t gilloc_options_get(int option);

static int64_t early;

static int nothing(void)
{
  return 0;
}

static int (*resolve(void))(void)
{
  early = gilloc_options_get(0);
  return nothing;
}

static int call(void) __attribute__((ifunc("resolve")));

int main(void)
{
  printf("%d %d\n", (int)early, (int)gilloc_options_get(0));
  return call();
}
