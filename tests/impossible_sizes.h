/* SPDX-License-Identifier: MIT
 *
 * impossible_sizes.h: for tests that ask for more than there is. The sanitizers' allocators end the process
 * where the C library's answers NULL, unless told otherwise. Once a program.
 */
#ifndef GILLOC_TESTS_IMPOSSIBLE_SIZES_H
#define GILLOC_TESTS_IMPOSSIBLE_SIZES_H

const char *__asan_default_options(void);
const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
  return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void)
{
  return "allocator_may_return_null=1";
}

#endif
